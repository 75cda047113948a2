import { PouchError } from '@pouch/errors'
import type { Propagation } from './mount-flags.js'
import { type MountOptions, parseMountOptions } from './mount-options.js'
import { requireAbsolute } from './require-absolute.js'

/** What to mount where. */
export interface MountRequest {
  /** A device, an export, a directory to bind, or any name for a file system without a source (tmpfs). */
  readonly source: string
  /** Absolute; exists. */
  readonly target: string
  /** The type of the file system; `''` for a bind, and for a change of propagation alone. */
  readonly type: string
  /** As mount(8) spells them: `['ro', 'nosuid']`, `['bind']`, `['rprivate']`, `['size=1m']`. */
  readonly options?: readonly string[] | undefined
  /** Data for the file system, after what {@link options} has of it. */
  readonly data?: string | undefined
}

/** How long a mount may take, and who may end it. Both hold for what runs in a process of its own. */
export interface MountCall {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds; {@link defaultDeadlineMs} unless given. */
  readonly deadlineMs?: number | undefined
  /**
   * Make system calls of this process whatever is mounted, each on another thread: for a device that is a file of this host's. Then the
   * signal and the deadline end nothing that was begun; in return nothing goes on when this process is killed, where mount(8)
   * would finish, and mount what nobody knows of any more. Without koffi the programs do the work all the same.
   */
  readonly inProcess?: boolean | undefined
}

/** How {@link unmount} goes about it. */
export interface UnmountOptions extends MountCall {
  /** Take it out of the tree now, and let go of it when its last user ends. */
  readonly lazy?: boolean | undefined
  /** Abort what waits for an unreachable server (NFS, FUSE). */
  readonly force?: boolean | undefined
}

/** How a directory or file is bound; see {@link bindMount}. */
export interface BindOptions extends MountCall {
  /** Nobody writes through this mount; with `recursive` not through the mounts below it either. */
  readonly readOnly?: boolean | undefined
  /** Bring along what is mounted below the source. */
  readonly recursive?: boolean | undefined
  readonly propagation?: Propagation | undefined
  /** More flags: `nosuid`, `nodev`, `noexec`, `noatime`. */
  readonly options?: readonly string[] | undefined
}

/** How long a helper process gets unless the call says otherwise. */
export const defaultDeadlineMs = 30_000

/** A request that has been checked. */
export interface CheckedRequest {
  readonly source: string
  readonly target: string
  readonly type: string
  readonly options: MountOptions
}

/** @throws PouchError `invalid-argument` on a relative path, a NUL, a type that is none, or options that cannot be used */
export function checkRequest(request: MountRequest): CheckedRequest {
  const target = requireAbsolute(request.target, 'mount')
  const { source, type } = request
  if (!/^(?:[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?$/.test(type)) {
    throw new PouchError('invalid-argument', `'${type}' is not a type of file system`, { op: 'mount', subject: target })
  }
  if (source.includes('\0')) {
    throw new PouchError('invalid-argument', 'the source of a mount has a NUL in it', { op: 'mount', subject: target })
  }
  const options = parseMountOptions(request.options ?? [], request.data)
  if (options.bind !== 'none' && !options.remount) requireAbsolute(source, 'mount')
  return { source, target, type, options }
}
