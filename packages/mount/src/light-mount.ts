import { findMount } from './find-mount.js'
import type { CheckedRequest } from './mount-request.js'
import type { MountEntry } from './mountinfo.js'

/**
 * Whether a mount is done in an instant, whatever state devices and servers are in: tmpfs, binds, a change of propagation. Only
 * these may be system calls of this process; a thread that waits for a dead server cannot be killed.
 */
export async function isLightMount({ target, type, options }: CheckedRequest): Promise<boolean> {
  if (options.bind !== 'none') return true
  if (options.remount) return (await findMount(target))?.type === 'tmpfs'
  return type === 'tmpfs' || type === '' || type === 'none'
}

const sharedWithoutDevice = new Set(['overlay', 'btrfs'])

/**
 * Whether an unmount touches memory alone: a tmpfs, or one of several mounts of a local file system that stays mounted elsewhere.
 * The last unmount of a file system writes it out, and a network's may wait for its server.
 */
export function isLightUnmount(entry: MountEntry, entries: readonly MountEntry[]): boolean {
  if (entry.type === 'tmpfs') return true
  const isLocal = !entry.device.startsWith('0:') || sharedWithoutDevice.has(entry.type)
  return isLocal && entries.some(({ id, device }) => id !== entry.id && device === entry.device)
}
