import { hasCode, PouchError } from '@pouch/errors'
import { logRotation } from './config/log-options.js'
import type { AttachedStreams, AttachOptions, LogEntry, LogOptions } from './container.js'
import type { ContainerEntry } from './container-entry.js'
import { logPathOf } from './container-record.js'
import { readLog } from './logs/log-reader.js'
import type { ManagerContext } from './manager-context.js'
import { Attachment } from './streams/attachment.js'

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
    return readLog(source, options)
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

async function* nothing(): AsyncGenerator<LogEntry, void, undefined> {}
