import { once } from 'node:events'
import { hasCode, PouchError } from '@pouch/errors'
import { logRotation } from './config/log-options.js'
import type { AttachedStreams, AttachOptions, LogEntry, LogOptions } from './container.js'
import type { ContainerEntry } from './container-entry.js'
import { logPathOf } from './container-record.js'
import { type LogSource, readLog } from './logs/log-reader.js'
import type { ManagerContext } from './manager-context.js'
import { Attachment } from './streams/attachment.js'
import type { RunStreams } from './streams/run-streams.js'

/** What containers say and are told: logs and attached clients. */
export class ContainerStreams {
  readonly #context: ManagerContext

  constructor(context: ManagerContext) {
    this.#context = context
  }

  logs(entry: ContainerEntry, options: LogOptions): AsyncIterable<LogEntry> {
    const { record, directory, run, id } = entry
    if (record.config.logConfig.type === 'none') {
      throw new PouchError('unsupported', 'configured logging driver does not support reading', {
        op: 'container.logs',
        subject: id,
      })
    }
    if (options.stdout !== true && options.stderr !== true) {
      throw new PouchError('invalid-argument', 'Bad parameters: you must choose at least one stream', {
        op: 'container.logs',
        subject: id,
      })
    }
    const { maxFiles } = logRotation(record.config.logConfig)
    const source = {
      path: logPathOf(directory, id),
      maxFiles,
      live: run?.jsonLog,
      isActive: () => run?.isActive ?? false,
    }
    const isDraining = run?.isActive === true && !entry.isRunning && options.follow !== true
    return isDraining ? readWhole(run, source, options) : readLog(source, options)
  }

  attach(entry: ContainerEntry, options: AttachOptions): AttachedStreams {
    const { record, run, id } = entry
    if (entry.state.status === 'paused') {
      throw new PouchError('conflict', `container ${id} is paused, unpause the container before attach`, {
        op: 'container.attach',
        subject: id,
      })
    }
    const { tty, openStdin, stdinOnce } = record.config
    const source = {
      tty,
      openStdin,
      stdinOnce,
      run,
      next: entry.nextRun.promise,
      logs: () => this.#replay(entry),
    }
    const attachment = new Attachment(source, options, () =>
      this.#context.events.emit('container.detached', entry.container()),
    )
    this.#context.events.emit('container.attached', entry.container())
    return attachment
  }

  #replay(entry: ContainerEntry): AsyncIterable<LogEntry> {
    try {
      return this.logs(entry, { stdout: true, stderr: true })
    } catch (error) {
      if (hasCode(error, 'unsupported')) return nothing()
      throw error
    }
  }
}

/** A container has ended and the last of its output is on its way into the log: whoever reads the log now gets it too. */
async function* readWhole(run: RunStreams, source: LogSource, options: LogOptions): AsyncGenerator<LogEntry, void> {
  const { signal } = options
  const left = signal === undefined ? [] : [once(signal, 'abort')]
  if (signal?.aborted !== true) await Promise.race([run.drained, ...left])
  yield* readLog(source, options)
}

async function* nothing(): AsyncGenerator<LogEntry, void, undefined> {}
