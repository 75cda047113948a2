import { setMaxListeners } from 'node:events'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContainerdClient, RuncOptions } from '@pouch/ctrd-client'
import { abortError, hasCode, PouchError } from '@pouch/errors'
import { createEmitter, type TypedEmitter } from '@pouch/events'
import type { MetadataStore } from '@pouch/store'
import type {
  AttachedStreams,
  AttachOptions,
  Container,
  ContainerExit,
  ContainerFilter,
  LogEntry,
  LogOptions,
  TerminalSize,
} from './container.js'
import type { ContainerConfig } from './container-config.js'
import type { ContainerEntry } from './container-entry.js'
import type { ContainerEvents } from './container-events.js'
import { selectContainers } from './container-filter.js'
import { checkName } from './container-name.js'
import type { Execs } from './execs.js'
import type { ManagerContext } from './manager-context.js'
import { composeManager, type ManagerParts } from './manager-parts.js'
import type { RemoveOptions } from './removal.js'
import type { ImageSource, Logger, VolumeSource } from './sources.js'
import type { StopOptions } from './termination.js'

/** What a {@link ContainerManager} is made of. */
export interface ContainerManagerOptions {
  readonly containerd: ContainerdClient
  readonly images: ImageSource
  readonly volumes: VolumeSource
  /** Records live under `container/` and `container-name/`. */
  readonly store: MetadataStore
  /** A directory of the engine; this manager uses `<home>/containers`. */
  readonly home: string
  /** Marks every containerd object as this engine's. */
  readonly engineId: string
  /** `overlayfs` unless given. */
  readonly snapshotter?: string | undefined
  /** Options of the runc shim, such as the `runcRoot` of a supervised containerd: `{ root }`. */
  readonly runtimeOptions?: RuncOptions | undefined
  readonly log?: Logger | undefined
  /** Milliseconds since 1970. */
  readonly clock?: (() => number) | undefined
  readonly limits?: ContainerLimits | undefined
}

/** Bounds of a {@link ContainerManager}. */
export interface ContainerLimits {
  /** Starts, exits and removals at a time; default twice the processors. */
  readonly concurrency?: number | undefined
  /** Bytes of output that may wait to be logged before the container is held; default 64 MiB. */
  readonly backlogBytes?: number | undefined
  /** Bytes that an attached reader may be behind the log before it is cut off; default 1 GiB. They wait on disk. */
  readonly readerBacklogBytes?: number | undefined
  /** Execs remembered per container; default 64. */
  readonly execs?: number | undefined
}

/** Ends a call. */
export interface ContainerCall {
  readonly signal?: AbortSignal | undefined
}

/**
 * The containers of an engine. Call {@link ContainerManager.open} before anything else and {@link ContainerManager.close} at the
 * end; containers go on running in between two managers. `id` is a full id, a name or a unique prefix of an id everywhere, and
 * every method throws PouchError `not-found` when there is no such container.
 */
export class ContainerManager {
  readonly events: TypedEmitter<ContainerEvents>
  /** Processes in running containers. */
  readonly execs: Execs
  readonly #context: ManagerContext
  readonly #parts: ManagerParts
  readonly #closing = new AbortController()

  constructor(options: ContainerManagerOptions) {
    // Every wait listens to it.
    setMaxListeners(0, this.#closing.signal)
    this.events = createEmitter<ContainerEvents>()
    this.#parts = composeManager(options, this.events, this.#closing.signal)
    this.#context = this.#parts.context
    this.execs = this.#parts.execs
  }

  /**
   * Takes over running containers, works on the ends of those that ended meanwhile, finishes or undoes what was begun, and
   * removes what is this engine's and belongs to no container.
   *
   * @throws PouchError `unavailable` when containerd does not answer; `unsupported` when a record is of a newer version
   */
  async open(): Promise<void> {
    const directory = join(this.#context.home, 'containers')
    await mkdir(directory, { recursive: true, mode: 0o710 })
    await chmod(directory, 0o710)
    await this.#parts.recovery.run()
    this.#parts.containerdEvents.start()
  }

  /**
   * Makes a container; nothing runs yet.
   *
   * @returns its id, and what of the configuration could not be kept fully
   * @throws PouchError `invalid-argument`, `unsupported`; `not-found` for the image; `already-exists` for the name
   */
  async create(
    config: ContainerConfig,
    options: { readonly name?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<{ id: string; warnings: string[] }> {
    return this.#parts.creation.create(config, options)
  }

  /**
   * Starts a container. When it resolves the process runs.
   *
   * @returns `false` when it ran already
   * @throws PouchError `invalid-argument` with `details.exitCode` 126 or 127 when the program cannot be run; `conflict` while it is
   *   paused or being removed
   */
  async start(id: string, call: ContainerCall = {}): Promise<boolean> {
    const entry = this.#find(id)
    try {
      return await entry.lock.run(() => this.#parts.launch.start(entry), call.signal)
    } catch (error) {
      // One that was to go when it ends goes when it cannot begin: those who wait for its removal must not wait for ever.
      if (entry.state.status === 'created' && entry.state.error !== '') await this.#parts.removeItself(entry)
      throw error
    }
  }

  /**
   * Sends the stop signal, and SIGKILL after the timeout. Resolves when the container has ended.
   *
   * @returns `false` when it did not run
   */
  async stop(id: string, options: StopOptions = {}): Promise<boolean> {
    return this.#parts.termination.stop(this.#find(id), options)
  }

  /** Stops a container if it runs, and starts it. */
  async restart(id: string, options: StopOptions = {}): Promise<void> {
    const entry = this.#find(id)
    entry.isRestarting = true
    try {
      await this.#parts.termination.stop(entry, options)
      await entry.lock.run(() => this.#parts.launch.start(entry), options.abort)
    } finally {
      entry.isRestarting = false
    }
    this.events.emit('container.restarted', entry.container())
  }

  /**
   * Sends a signal, by name or number.
   *
   * @throws PouchError `invalid-argument` for an unknown signal; `conflict` when the container does not run
   */
  async kill(id: string, signal: string | number = 'SIGKILL'): Promise<void> {
    await this.#parts.termination.kill(this.#find(id), signal)
  }

  /**
   * Removes a container with its log and its own files. Named volumes stay.
   *
   * @throws PouchError `conflict` while it runs and `force` is not given, or while another removal is under way
   */
  async remove(id: string, options: RemoveOptions = {}): Promise<void> {
    await this.#parts.removal.remove(this.#find(id), options)
  }

  /** @throws PouchError `already-exists` when the name is taken, `invalid-argument` when it is none or the present one */
  async rename(id: string, name: string): Promise<void> {
    const entry = this.#find(id)
    if (!name) throw invalid('Neither old nor new names may be empty', 'container.rename')
    const newName = checkName(name)
    if (newName === entry.name)
      throw invalid('Renaming a container with the same name as its current name', 'container.rename')
    const { registry } = this.#context
    await registry.reserving(newName, entry.id, () =>
      entry.lock.run(async () => {
        const oldName = entry.name
        await entry.update({ name: newName, intent: entry.record.intent })
        registry.renamed(entry, oldName)
        this.events.emit('container.renamed', entry.container(), { oldName })
      }),
    )
  }

  /** Freezes every process of a container. @throws PouchError `conflict` unless it runs */
  async pause(id: string): Promise<void> {
    await this.#parts.termination.pause(this.#find(id))
  }

  /** @throws PouchError `conflict` unless it is paused */
  async unpause(id: string): Promise<void> {
    await this.#parts.termination.unpause(this.#find(id))
  }

  /**
   * Waits until the container does not run (at once when it does not), until its next exit, or until it is removed. The wait is
   * registered when this returns its promise, so that `start` can be called right after.
   *
   * @throws PouchError `aborted` when the signal fires
   */
  wait(
    id: string,
    condition: 'not-running' | 'next-exit' | 'removed' = 'not-running',
    call: ContainerCall = {},
  ): Promise<ContainerExit> {
    if (!['not-running', 'next-exit', 'removed'].includes(condition)) {
      return Promise.reject(invalid(`invalid condition: "${String(condition)}"`, 'container.wait'))
    }
    try {
      const entry = this.#find(id)
      if (condition === 'not-running' && !entry.isRunning) return Promise.resolve({ exitCode: entry.state.exitCode })
      return untilAborted((condition === 'removed' ? entry.removed : entry.nextExit).promise, call.signal)
    } catch (error) {
      return Promise.reject(PouchError.from(error))
    }
  }

  /** @throws PouchError `invalid-argument` when several ids have the prefix */
  get(idOrName: string): Container {
    return this.#find(idOrName).container()
  }

  /** Newest first; only running ones unless the filter says otherwise. @throws PouchError `not-found` for `before` and `since` */
  list(filter: ContainerFilter = {}): Container[] {
    return selectContainers(this.#context.registry, filter)
  }

  /**
   * Reads the log.
   *
   * @throws PouchError `invalid-argument` for bad bounds, `unsupported` when the container keeps no log
   */
  logs(id: string, options: LogOptions): AsyncIterable<LogEntry> {
    return this.#parts.streams.logs(this.#find(id), options)
  }

  /**
   * Connects to a container's streams; before start too: output then begins with the first byte.
   *
   * @throws PouchError `conflict` while it is paused, `invalid-argument` for bad detach keys
   */
  async attach(id: string, options: AttachOptions): Promise<AttachedStreams> {
    return this.#parts.streams.attach(this.#find(id), options)
  }

  /** Sets the size of the terminal; without one it has no effect. @throws PouchError `conflict` when it does not run */
  async resize(id: string, size: TerminalSize): Promise<void> {
    const entry = this.#find(id)
    entry.requireRunning('container.resize')
    for (const value of [size.width, size.height]) {
      if (!Number.isInteger(value) || value < 0 || value > 65535)
        throw invalid(`'${value}' is not a size of a terminal`, 'container.resize')
    }
    if (!entry.record.config.tty) return
    try {
      await this.#context.containerd.tasks.resizePty(entry.id, size)
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error
      throw new PouchError('conflict', `Container ${entry.id} is not running`, {
        op: 'container.resize',
        subject: entry.id,
        cause: error,
      })
    }
    this.events.emit('container.resized', entry.container(), size)
  }

  /** Lets go of everything; containers go on running. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort(new PouchError('aborted', 'the container manager was closed', { op: 'container' }))
    await this.#parts.strayShims.settled()
    await this.#parts.exits.settled()
    await this.#parts.containerdEvents.stopped()
    await Promise.all(this.#context.registry.all().map((entry) => entry.lock.run(async () => closeRun(entry))))
  }

  #find(id: string): ContainerEntry {
    return this.#context.registry.find(id)
  }
}

async function closeRun(entry: ContainerEntry): Promise<void> {
  await entry.run?.close()
  entry.run = undefined
  entry.nextRun.resolve(undefined)
  for (const session of entry.execs.values()) await session.close()
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  if (signal.aborted) throw abortError(signal, { op: 'container.wait' })
  let abort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(abortError(signal, { op: 'container.wait' }))
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function invalid(message: string, op: string): PouchError {
  return new PouchError('invalid-argument', message, { op })
}
