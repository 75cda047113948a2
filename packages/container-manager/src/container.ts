import type { CompletedConfig, Propagation } from './container-config.js'

/** A container as its users see it. Frozen; ask again for a newer one. */
export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string
  /** Without a leading slash. */
  readonly name: string
  /** RFC 3339 with nanoseconds, UTC. */
  readonly createdAt: string
  /** The image as it was given. */
  readonly image: string
  /** `sha256:…`, the digest of the image's configuration. */
  readonly imageId: string
  readonly config: CompletedConfig
  /** What runs, and its arguments: entrypoint and command joined. */
  readonly path: string
  readonly args: readonly string[]
  readonly state: ContainerState
  readonly mounts: readonly MountPoint[]
  /** The json-file log; `undefined` when there is none. */
  readonly logPath: string | undefined
  readonly restartCount: number
  readonly resolvConfPath: string
  readonly hostsPath: string
  readonly hostnamePath: string
  /** Ids of the execs that are known. */
  readonly execIds: readonly string[]
  /** The snapshotter, and the key of the container's writable snapshot. */
  readonly snapshotter: string
  readonly snapshotKey: string
}

/** Where a container is in its life. */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'exited' | 'dead' | 'removing'

/** The state of a {@link Container}. */
export interface ContainerState {
  readonly status: ContainerStatus
  /** Of the first process, 0 when there is none. */
  readonly pid: number
  readonly exitCode: number
  /** Why the last start failed; empty otherwise. */
  readonly error: string
  readonly oomKilled: boolean
  /** RFC 3339 with nanoseconds; `undefined` before the first start. */
  readonly startedAt: string | undefined
  readonly finishedAt: string | undefined
}

/** A mount as inspection shows it. */
export interface MountPoint {
  readonly type: 'volume' | 'bind' | 'tmpfs'
  /** Volumes only. */
  readonly name?: string
  /** A path of the host; empty for tmpfs, and for a volume that has none yet. */
  readonly source: string
  readonly destination: string
  /** Volumes only. */
  readonly driver?: string
  readonly mode: string
  readonly rw: boolean
  /** Empty for volumes and tmpfs. */
  readonly propagation: Propagation | ''
}

/** What {@link ContainerManager.list} looks for; several values of one key: any, of `labels`: all. */
export interface ContainerFilter {
  /** Also those that do not run. A `status` filter implies it. */
  readonly all?: boolean | undefined
  /** At most this many, the newest. Implies `all`. */
  readonly limit?: number | undefined
  /** Prefixes of ids. */
  readonly ids?: readonly string[] | undefined
  /** Regular expressions (or plain parts) of names. */
  readonly names?: readonly string[] | undefined
  readonly status?: readonly ContainerStatus[] | undefined
  /** `key` or `key=value`. */
  readonly labels?: readonly string[] | undefined
  /** Names of volumes, sources or destinations. */
  readonly volume?: readonly string[] | undefined
  /** Image references as given, or ids of images. */
  readonly ancestor?: readonly string[] | undefined
  readonly exitCodes?: readonly number[] | undefined
  readonly networks?: readonly string[] | undefined
  /** Only those created before, or after, this container (id or name). */
  readonly before?: string | undefined
  readonly since?: string | undefined
}

/** One line of a log, or a part of one. */
export interface LogEntry {
  readonly stream: 'stdout' | 'stderr'
  /** RFC 3339 with nine digits after the second, UTC. */
  readonly time: string
  /** With its newline, unless `partial`. */
  readonly line: Uint8Array
  /** The line goes on in the next entry of this stream. */
  readonly partial: boolean
}

/** What {@link ContainerManager.logs} is to give. */
export interface LogOptions {
  readonly stdout?: boolean | undefined
  readonly stderr?: boolean | undefined
  /** Inclusive bounds: RFC 3339, or seconds since 1970 with a fraction, as text; or a Date. */
  readonly since?: string | Date | undefined
  readonly until?: string | Date | undefined
  /** The last so many lines; all unless given. */
  readonly tail?: number | undefined
  /** Go on until the container stops. */
  readonly follow?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** What {@link ContainerManager.attach} is to connect. */
export interface AttachOptions {
  readonly stdin?: boolean | undefined
  readonly stdout?: boolean | undefined
  readonly stderr?: boolean | undefined
  /** Live output; it may be asked for before start. */
  readonly stream?: boolean | undefined
  /** What was written until now, first. */
  readonly logs?: boolean | undefined
  /** `ctrl-p,ctrl-q` unless given; only with a terminal and stdin. */
  readonly detachKeys?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A piece of output. With a terminal everything is `stdout`. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr'
  readonly data: Uint8Array
}

/** The live ends of an attached container or exec. */
export interface AttachedStreams {
  /** Whether there is a terminal: output is raw then. */
  readonly tty: boolean
  /** Ends when the process has ended and all of its output was given, or after {@link AttachedStreams.close}. */
  readonly output: AsyncIterable<OutputChunk>
  /** `end()` closes the process's stdin. */
  readonly stdin?: import('node:stream').Writable
  /** Lets go; the process is not touched. */
  close(): void
  /** Whether it ended because the detach keys were typed. */
  readonly detached: boolean
}

/** How a container ended. */
export interface ContainerExit {
  readonly exitCode: number
  /** Why it never ran, when it did not. */
  readonly error?: string
}

/** A process to run in a running container. */
export interface ExecConfig {
  readonly command: readonly string[]
  readonly env?: readonly string[] | undefined
  readonly user?: string | undefined
  readonly workingDir?: string | undefined
  readonly tty?: boolean | undefined
  readonly privileged?: boolean | undefined
  readonly attachStdin?: boolean | undefined
  readonly attachStdout?: boolean | undefined
  readonly attachStderr?: boolean | undefined
  readonly detachKeys?: string | undefined
  readonly consoleSize?: TerminalSize | undefined
}

/** How {@link Execs.start} runs an exec. */
export interface ExecStartOptions {
  /** Run it without streams. */
  readonly detach?: boolean | undefined
  /** Unless given, as the exec was created. */
  readonly tty?: boolean | undefined
  readonly consoleSize?: TerminalSize | undefined
  readonly signal?: AbortSignal | undefined
}

/** Characters. */
export interface TerminalSize {
  readonly width: number
  readonly height: number
}

/** An exec as its users see it. Kept in memory only. */
export interface Exec {
  readonly id: string
  readonly containerId: string
  readonly config: ExecConfig
  readonly running: boolean
  readonly pid: number
  /** `undefined` until it has ended. 126 and 127 also when it could not be started. */
  readonly exitCode: number | undefined
  /** Why it could not be started; empty otherwise. */
  readonly error: string
}
