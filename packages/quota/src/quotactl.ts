import type { FileHandle } from 'node:fs/promises'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasErrno } from '@pouch/errors'
import type { Outcome } from '@pouch/libc'
import type { Kernel } from './kernel.js'
import { type Step, succeed, thrownError } from './step-error.js'

/** The subcommands in use; ext4 and xfs understand each of them. */
export const quotaCommand = {
  getQuota: 0x800007,
  setQuota: 0x800008,
  getNextQuota: 0x800009,
  getState: 0x5808,
} as const

const projectQuota = 2

/**
 * Asks or sets a project quota of the filesystem that an open file lies on. Where the kernel has no quotactl_fd(2) the device is
 * named by its node, and where that is absent, as in a container, by a node made for the call.
 */
export async function quotactl(
  kernel: Kernel,
  handle: FileHandle,
  command: number,
  id: number,
  buffer: Uint8Array,
  step: Step,
): Promise<Outcome> {
  const code = command * 256 + projectQuota
  const outcome = await kernel.quotactlFd(handle.fd, code, id, buffer)
  if (outcome.errno !== 'ENOSYS') return outcome
  return await withDeviceNode(kernel, handle, step, (device) => kernel.quotactl(device, code, id, buffer))
}

async function withDeviceNode(
  kernel: Kernel,
  handle: FileHandle,
  step: Step,
  use: (device: string) => Promise<Outcome>,
): Promise<Outcome> {
  const { dev } = await handle.stat({ bigint: true })
  const known = `/dev/block/${majorOf(dev)}:${minorOf(dev)}`
  if (await isNodeOf(known, dev)) return await use(known)
  // A node opens only where the filesystem under it allows devices: /dev does, also in a container.
  let lastOutcome: Outcome = { value: -1, errno: 'EACCES' }
  for (const parent of ['/dev', tmpdir()]) {
    const directory = await mkdtemp(join(parent, '.pouch-quota-')).catch((error: unknown) => {
      if (hasErrno(error, 'EROFS', 'EACCES', 'EPERM', 'ENOENT')) return undefined
      throw thrownError(error, step)
    })
    if (directory === undefined) continue
    try {
      const node = join(directory, 'device')
      succeed(await kernel.makeBlockNode(node, dev), step)
      lastOutcome = await use(node)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
    if (lastOutcome.errno !== 'EACCES') break
  }
  return lastOutcome
}

async function isNodeOf(path: string, device: bigint): Promise<boolean> {
  try {
    const found = await stat(path, { bigint: true })
    return found.isBlockDevice() && found.rdev === device
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}

/** The major number in a `dev_t`. */
export function majorOf(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)
}

/** The minor number in a `dev_t`. */
export function minorOf(device: bigint): bigint {
  return (device & 0xffn) | ((device >> 12n) & 0xffffff00n)
}
