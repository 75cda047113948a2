import type { BindOptions, MountCall, MountRequest, UnmountOptions } from './mount-request.js'
import { Mounter } from './mounter.js'

const system = /* @__PURE__ */ new Mounter()

/**
 * Mounts a file system, binds a directory, or changes a mount. Options for every mount become flags, the others go to the file system; a
 * bind with flags (`['bind', 'ro']`) and a propagation take calls of their own, and when one of these fails nothing stays mounted.
 *
 * tmpfs and binds are system calls of this process. Whatever can touch a device or a network is mount(8) in a process that
 * is killed at its deadline.
 *
 * @throws PouchError, op `mount`, subject the target, the errno's name in the message and in `details.errno`: `permission-denied`
 *   (`EPERM`), `not-found` (`ENOENT`), `in-use` (`EBUSY`), `invalid-argument` (`EINVAL`), `unsupported` (`ENODEV`, and outside Linux), …;
 *   `timeout` when the deadline passed, and the outcome is unknown
 */
export async function mount(request: MountRequest, call?: MountCall): Promise<void> {
  await system.mount(request, call)
}

/**
 * Unmounts the topmost mount at a path. Symbolic links on the way are followed, the target itself need not answer.
 *
 * @param target absolute
 * @throws PouchError, op `unmount`: `in-use` (`EBUSY`), `invalid-argument` (`EINVAL`) when nothing is mounted there,
 *   `permission-denied`, `timeout`, …
 */
export async function unmount(target: string, options?: UnmountOptions): Promise<void> {
  await system.unmount(target, options)
}

/**
 * Shows a directory or a file at a second place. Flags of the mount that the source lies on (`nosuid`, `ro`, …) are kept; when a
 * flag or the propagation cannot be set, nothing stays mounted.
 *
 * @param source absolute; exists
 * @param target absolute; exists, a directory for a directory and a file for a file
 * @throws PouchError as {@link mount} does
 */
export async function bindMount(source: string, target: string, options?: BindOptions): Promise<void> {
  await system.bindMount(source, target, options)
}

/**
 * Makes a FIFO with exactly this mode, whatever the umask.
 *
 * @param path absolute
 * @param mode 0o600 unless given
 * @throws PouchError, op `mkfifo`: `already-exists` (`EEXIST`), `not-found` (`ENOENT`), `permission-denied`, …
 */
export async function mkfifo(path: string, mode?: number): Promise<void> {
  await system.mkfifo(path, mode)
}

/**
 * Gives the blocks of a range of a file back to the file system; the range reads as zeros and the file keeps its size.
 *
 * @param fd open for writing
 * @param offset bytes from the start of the file
 * @param length bytes, at least 1; blocks that the range covers in part are zeroed and stay
 * @throws PouchError, op `punchHole`: `unsupported` when the file system cannot (`ENOTSUP`) or koffi could not be loaded,
 *   `invalid-argument` on a range that is none
 */
export async function punchHole(fd: number, offset: number, length: number): Promise<void> {
  await system.punchHole(fd, offset, length)
}
