import type { ContainerdClient } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import { createEmitter, type TypedEmitter } from '@pouch/events'
import type { MetadataStore } from '@pouch/store'
import type {
  AttachedStreams,
  AttachOptions,
  Container,
  ContainerExit,
  ContainerFilter,
  Exec,
  ExecConfig,
  ExecStartOptions,
  LogEntry,
  LogOptions,
  TerminalSize,
} from './container.js'
import type { ContainerConfig } from './container-config.js'
import type { ContainerEvents } from './container-events.js'
import type { ImageSource, Logger, VolumeSource } from './sources.js'

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
  readonly log?: Logger | undefined
  /** Milliseconds since 1970. */
  readonly clock?: (() => number) | undefined
  readonly limits?: ContainerLimits | undefined
}

/** Bounds of a {@link ContainerManager}. */
export interface ContainerLimits {
  /** Starts, exits and removals at a time; default twice the processors. */
  readonly concurrency?: number | undefined
  /** Bytes of output that may wait for a slow reader before they are dropped for it; default 64 MiB. */
  readonly backlogBytes?: number | undefined
  /** Finished execs remembered per container; default 64. */
  readonly execs?: number | undefined
}

/** Ends a call. */
export interface ContainerCall {
  readonly signal?: AbortSignal | undefined
}

/** The containers of an engine. Call {@link ContainerManager.open} first. */
export class ContainerManager {
  readonly events: TypedEmitter<ContainerEvents>
  readonly execs: Execs = todo()

  constructor(_options: ContainerManagerOptions) {
    this.events = createEmitter<ContainerEvents>()
  }

  open(): Promise<void> {
    return todo()
  }

  create(
    _config: ContainerConfig,
    _options: { readonly name?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<{ id: string; warnings: string[] }> {
    return todo()
  }

  /** Already running: nothing happens and `false` is the answer. */
  start(_id: string, _call: ContainerCall = {}): Promise<boolean> {
    return todo()
  }

  /** Not running: nothing happens and `false` is the answer. */
  stop(
    _id: string,
    _options: { readonly signal?: string | undefined; readonly timeoutSeconds?: number | undefined } & {
      readonly abort?: AbortSignal | undefined
    } = {},
  ): Promise<boolean> {
    return todo()
  }

  restart(
    _id: string,
    _options: { readonly signal?: string | undefined; readonly timeoutSeconds?: number | undefined } = {},
  ): Promise<void> {
    return todo()
  }

  kill(_id: string, _signal: string | number = 'SIGKILL'): Promise<void> {
    return todo()
  }

  remove(
    _id: string,
    _options: { readonly force?: boolean | undefined; readonly volumes?: boolean | undefined } = {},
  ): Promise<void> {
    return todo()
  }

  rename(_id: string, _name: string): Promise<void> {
    return todo()
  }

  pause(_id: string): Promise<void> {
    return todo()
  }

  unpause(_id: string): Promise<void> {
    return todo()
  }

  /** The wait is registered when the returned promise exists: `wait` first, `start` after it. */
  wait(
    _id: string,
    _condition: 'not-running' | 'next-exit' | 'removed' = 'not-running',
    _call: ContainerCall = {},
  ): Promise<ContainerExit> {
    return todo()
  }

  /** By full id, name (a leading slash may be there) or unique prefix of an id. Synchronous: it is a look-up in memory. */
  get(_idOrName: string): Container {
    return todo()
  }

  /** Newest first. */
  list(_filter: ContainerFilter = {}): Container[] {
    return todo()
  }

  logs(_id: string, _options: LogOptions): AsyncIterable<LogEntry> {
    return todo()
  }

  attach(_id: string, _options: AttachOptions): Promise<AttachedStreams> {
    return todo()
  }

  resize(_id: string, _size: TerminalSize): Promise<void> {
    return todo()
  }

  /** Lets go of everything; containers keep running. */
  close(): Promise<void> {
    return todo()
  }
}

/** Processes in running containers. */
export interface Execs {
  create(idOrName: string, config: ExecConfig, call?: ContainerCall): Promise<string>
  /** @returns the streams, or `undefined` with `detach` */
  start(execId: string, options?: ExecStartOptions): Promise<AttachedStreams | undefined>
  resize(execId: string, size: TerminalSize): Promise<void>
  get(execId: string): Exec
}

function todo(): never {
  throw new PouchError('unsupported', 'not written yet', { op: 'container' })
}
