import type { Any } from './any.js'
import type { Descriptor } from './descriptor.js'
import type { Timestamp } from './gen/google/protobuf/timestamp.js'
import { type Process, Status } from './gen/task.js'
import type { Mount } from './mount.js'
import { toRfc3339 } from './timestamp.js'

/** The name of containerd's shim for runc. */
export const runcRuntime = 'io.containerd.runc.v2'

/** What `tasks.create` takes. */
export interface NewTask {
  readonly containerId: string
  /** The mounts of the root file system: what the snapshotter answered. */
  readonly rootfs: readonly Mount[]
  /** A FIFO; absent: nothing. */
  readonly stdin?: string | undefined
  /** A FIFO, a plain file that exists, or a `file://` or `binary://` address; absent: /dev/null. */
  readonly stdout?: string | undefined
  /** As stdout. Not used with a terminal. */
  readonly stderr?: string | undefined
  readonly terminal?: boolean | undefined
  /** The runtime's own options: see `encodeRuncOptions`. */
  readonly options?: Any | undefined
  /** Restores this checkpoint. */
  readonly checkpoint?: Descriptor | undefined
}

/** What `tasks.exec` takes. */
export interface ExecOptions {
  readonly containerId: string
  readonly execId: string
  readonly terminal?: boolean | undefined
  readonly stdin?: string | undefined
  readonly stdout?: string | undefined
  readonly stderr?: string | undefined
  /** An OCI process: `encodeJsonAny(typeUrls.process, …)`. */
  readonly spec: Any
}

/** How a process ended. */
export interface Exit {
  /** 128 + the signal's number for one that was killed. */
  readonly exitStatus: number
  /** RFC 3339 with nanoseconds; empty when the runtime does not know. */
  readonly exitedAt: string
}

/** Where a process is in its life. */
export type TaskStatus = 'created' | 'running' | 'stopped' | 'paused' | 'pausing' | 'unknown'

/** One process of a container. */
export interface TaskInfo {
  /** The container's id, or the execId. */
  readonly id: string
  readonly pid: number
  readonly status: TaskStatus
  readonly stdin: string
  readonly stdout: string
  readonly stderr: string
  readonly terminal: boolean
  readonly exitStatus: number
  /** RFC 3339 with nanoseconds; empty while it runs. */
  readonly exitedAt: string
}

/** One of a container's processes. */
export interface TaskProcess {
  readonly pid: number
  readonly info?: Any | undefined
}

/** What one task used. */
export interface TaskMetric {
  readonly id: string
  /** RFC 3339. */
  readonly timestamp: string
  /** `io.containerd.cgroups.v1.Metrics` or `io.containerd.cgroups.v2.Metrics`. */
  readonly data: Any
}

const statuses: Readonly<Record<number, TaskStatus>> = {
  [Status.CREATED]: 'created',
  [Status.RUNNING]: 'running',
  [Status.STOPPED]: 'stopped',
  [Status.PAUSED]: 'paused',
  [Status.PAUSING]: 'pausing',
}

/** The streams as the shim takes them: none at all, or every one that the process has. It would open an empty name. */
export function toWireStreams(task: Pick<NewTask, 'stdin' | 'stdout' | 'stderr' | 'terminal'>) {
  const { stdin = '', stdout = '', stderr = '', terminal = false } = task
  if (stdin === '' && stdout === '' && stderr === '') return { stdin, stdout, stderr, terminal }
  const nowhere = '/dev/null'
  return { stdin, stdout: stdout || nowhere, stderr: terminal ? '' : stderr || nowhere, terminal }
}

export function fromWireProcess(process: Process): TaskInfo {
  return {
    id: process.id ?? '',
    pid: process.pid ?? 0,
    status: statuses[process.status ?? Status.UNKNOWN] ?? 'unknown',
    stdin: process.stdin ?? '',
    stdout: process.stdout ?? '',
    stderr: process.stderr ?? '',
    terminal: process.terminal ?? false,
    exitStatus: process.exitStatus ?? 0,
    exitedAt: toRfc3339(process.exitedAt) ?? '',
  }
}

export function toExit(wire: { exitStatus?: number | undefined; exitedAt?: Timestamp | undefined }): Exit {
  return { exitStatus: wire.exitStatus ?? 0, exitedAt: toRfc3339(wire.exitedAt) ?? '' }
}
