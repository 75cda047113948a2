import { stat } from 'node:fs/promises'
import { hasCode, PouchError } from '@pouch/errors'
import { makeDirectories } from '@pouch/file-tree'
import { logRotation } from './config/log-options.js'
import { type ContainerEntry, deferred } from './container-entry.js'
import { logPathOf } from './container-record.js'
import type { ContainerdObjects } from './containerd-objects.js'
import type { Exits } from './exits.js'
import { type ManagerContext, timestamp } from './manager-context.js'
import { exitCodeOf, runtimeText, startError } from './start-failure.js'
import { RunStreams, type RunStreamsOptions } from './streams/run-streams.js'
import type { VolumeClaims } from './volume-claims.js'

/** Starts containers, and takes everything back when that fails. */
export class Launch {
  readonly #context: ManagerContext
  readonly #claims: VolumeClaims
  readonly #objects: ContainerdObjects
  readonly #exits: Exits

  constructor(context: ManagerContext, claims: VolumeClaims, objects: ContainerdObjects, exits: Exits) {
    this.#context = context
    this.#claims = claims
    this.#objects = objects
    this.#exits = exits
  }

  /** Call it under the entry's lock. @returns `false` when the container runs already */
  async start(entry: ContainerEntry): Promise<boolean> {
    if (entry.state.status === 'running') return false
    this.#requireStartable(entry)
    await this.#exits.settleLeftovers(entry)
    entry.isOomKilled = false
    const stored = entry.update({ intent: 'starting', state: { error: '' } })
    try {
      const pid = await this.#run(entry, stored)
      const startedAt = timestamp(this.#context.clock)
      await entry.update(
        {
          intent: undefined,
          state: { status: 'running', pid, startedAt, finishedAt: undefined, exitCode: 0, oomKilled: false },
        },
        { lazy: true },
      )
    } catch (error) {
      throw await this.#undo(entry, error)
    }
    this.#context.events.emit('container.started', entry.container())
    this.#exits.watch(entry)
    return true
  }

  /** The options of a container's streams. */
  streamsOf(entry: ContainerEntry): RunStreamsOptions {
    const { containerd, clock, log, limits } = this.#context
    const { id, record, directory } = entry
    const { tty, openStdin, logConfig } = record.config
    // A terminal is held by not reading its FIFO.
    const nothing = async (): Promise<void> => {}
    return {
      id,
      directory,
      tty,
      openStdin,
      rotation: logConfig.type === 'none' ? undefined : logRotation(logConfig),
      logPath: logPathOf(directory, id),
      backlogBytes: limits.backlogBytes,
      readerBacklogBytes: limits.readerBacklogBytes,
      clock,
      log,
      freeze: tty ? nothing : () => containerd.tasks.pause(id),
      thaw: tty ? nothing : () => containerd.tasks.resume(id),
      closeIO: () => ignoringGone(containerd.tasks.closeIO(id)),
    }
  }

  #requireStartable({ id, state, isRemoving, record }: ContainerEntry): void {
    const options = { op: 'container.start', subject: id }
    if (state.status === 'paused')
      throw new PouchError('conflict', 'cannot start a paused container, try unpause instead', options)
    if (isRemoving || record.intent === 'removing') {
      throw new PouchError('conflict', 'container is marked for removal and cannot be started', options)
    }
  }

  /** @param stored the intent on its way to the disk: what needs no undoing by boot is done meanwhile, and no task is made before */
  async #run(entry: ContainerEntry, stored: Promise<void>): Promise<number> {
    const { containerd, heavy, snapshotter } = this.#context
    const { id, record } = entry
    const steps = [
      stored,
      makeSources(entry),
      this.#claims.mount(record.volumes),
      containerd.snapshots(snapshotter).mounts(id),
    ] as const
    // All of them come to their end before one that failed is undone.
    await Promise.allSettled(steps)
    const [, , volumes, rootfs] = await Promise.all(steps)
    await this.#objects.refresh(record, entry.directory, rootfs, volumes)
    const run = await RunStreams.create(this.streamsOf(entry))
    entry.run = run
    return heavy.run(async () => {
      const { pid } = await containerd.tasks.create({
        containerId: id,
        rootfs,
        options: this.#context.runtimeOptions,
        ...run.stdio,
      })
      this.#connect(entry, run)
      await containerd.tasks.start(id)
      return pid
    })
  }

  /** Those who attached before get the streams of this run. */
  #connect(entry: ContainerEntry, run: RunStreams): void {
    const { nextRun } = entry
    entry.nextRun = deferred()
    nextRun.resolve(run)
  }

  /** @returns the error to throw */
  async #undo(entry: ContainerEntry, error: unknown): Promise<PouchError> {
    const { log } = this.#context
    const exitCode = exitCodeOf(error)
    const failure = startError(error, entry.id, exitCode)
    try {
      await this.#exits.discardTask(entry)
      const state = {
        error: runtimeText(error),
        exitCode,
        pid: 0,
        ...(entry.state.startedAt === undefined ? {} : { status: 'exited' as const }),
      }
      await entry.update({ intent: undefined, state })
    } catch (undoError) {
      // The intent stays: what is left is undone by the next start, or at boot.
      log.warn({ err: undoError, container: entry.id }, 'a start that failed could not be undone yet')
    }
    const { nextRun } = entry
    entry.nextRun = deferred()
    nextRun.resolve(undefined)
    entry.settleExit({ exitCode, error: failure.message })
    return failure
  }
}

async function makeSource(source: string): Promise<void> {
  try {
    await makeDirectories(source, 0o755)
  } catch (error) {
    throw PouchError.from(error, {
      message: `the directory ${source}, which is to be mounted, cannot be made`,
      op: 'container.start',
      subject: source,
    })
  }
}

async function makeSources({ record, id }: ContainerEntry): Promise<void> {
  for (const { source, createSource } of record.binds) {
    try {
      await stat(source)
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (!isMissing) throw PouchError.from(error, { op: 'container.start', subject: source })
      if (createSource === true) await makeSource(source)
      else {
        throw new PouchError(
          'invalid-argument',
          `invalid mount config for type "bind": bind source path does not exist: ${source}`,
          {
            op: 'container.start',
            subject: id,
          },
        )
      }
    }
  }
}

async function ignoringGone(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!hasCode(error, 'not-found') && !hasCode(error, 'conflict')) throw error
  }
}
