import { constants } from 'node:fs'
import { type FileHandle, mkdtemp, open, rmdir, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { type MountEntry, mount, unmount } from '@pouch/mount'
import { formatBytes } from '@pouch/units'
import { hasCapability } from './capability.js'
import { checkExt4 } from './check-ext4.js'
import { runDiskProgram } from './disk-program.js'
import { ext4BlocksFor } from './ext4-layout.js'
import { type ImageFacts, inspectImage, requireSuperblock, sizeOf } from './image.js'
import { type Kernel, type QuotaCall, systemKernel } from './kernel.js'
import { attachImage, lockImage, withImage } from './loop-device.js'
import { mountsOfImage } from './mount-image.js'
import { absolutePath, withDirectory, withOpen } from './open-path.js'
import { type Step, succeed, thrownError } from './step-error.js'
import type { Superblock } from './superblock.js'

/** What an image is to become. */
export interface ResizeRequest {
  /** What statfs(2) is to show as its size. */
  readonly sizeBytes: number
  readonly signal?: AbortSignal | undefined
}

const setCapacity = 0x4c07
const resizeExt4 = 0x40086610
const growXfs = 0x4010586e

/**
 * Makes an image larger: online while it is mounted, else after a check. One that is large enough is a success, so a call that a
 * crash cut short is repeated.
 *
 * @param file absolute
 * @throws PouchError `permission-denied` for an ext4 that is mounted, without `CAP_SYS_RESOURCE` (unmount it, and it is grown
 *   offline); `in-use` when it is attached elsewhere; `corrupt` when the check finds what it cannot mend; `exhausted`
 */
export async function growImage(
  file: string,
  { sizeBytes, signal }: ResizeRequest,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<ImageFacts> {
  const image = absolutePath(file, 'quota.growImage')
  const step = growStep(image, sizeBytes)
  requireSize(sizeBytes, step)
  const [mounted] = await mountsOfImage(image, { kernel })
  if (mounted === undefined) await growOffline(kernel, image, { sizeBytes, signal }, step)
  else await growMounted(kernel, image, mounted, sizeBytes, step)
  return await inspectImage(image)
}

/** @throws PouchError `invalid-argument` on what is no size of an image */
export function requireSize(sizeBytes: number, step: Step): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes <= 2 ** 44) return
  const message = `cannot ${step.what}: ${sizeBytes} is not a size; it is a whole number of bytes, at most 16TiB`
  throw new PouchError('invalid-argument', message, { op: step.op, subject: step.subject })
}

/** How many blocks a filesystem has when statfs(2) shows at least a size. */
export function blocksForSize({ blockBytes, layout, overheadBlocks }: Superblock, sizeBytes: number): number {
  const usable = Math.ceil(sizeBytes / blockBytes)
  return layout === undefined ? usable + overheadBlocks : ext4BlocksFor(layout, usable)
}

async function growMounted(kernel: Kernel, image: string, entry: MountEntry, sizeBytes: number, step: Step) {
  await withDirectory(entry.mountPoint, step, async (directory) => {
    await growOnline(kernel, image, { device: entry.source, directory }, sizeBytes, step)
  })
}

interface MountedFilesystem {
  readonly device: string
  /** Any directory of it, open. */
  readonly directory: FileHandle
}

async function growOnline(
  kernel: Kernel,
  image: string,
  { device, directory }: MountedFilesystem,
  sizeBytes: number,
  step: Step,
): Promise<void> {
  const shown = await shownBytes(directory, step)
  if (shown >= sizeBytes) return
  const superblock = await withImage(image, step, {}, async (handle) => {
    const found = await requireSuperblock(handle, step)
    await requireResource(found, step)
    await extend(handle, blocksForSize(found, sizeBytes) * found.blockBytes)
    return found
  })
  await withOpen(device, constants.O_RDWR, step, async (handle) => {
    succeed(await kernel.ioctl(handle.fd, setCapacity, 0), step)
  })
  const blocks = blocksForSize(superblock, sizeBytes)
  if (superblock.filesystem === 'ext4') {
    const argument = Buffer.alloc(8)
    argument.writeBigUInt64LE(BigInt(blocks), 0)
    succeed(await kernel.ioctl(directory.fd, resizeExt4, argument), step)
    return
  }
  const argument = Buffer.alloc(16)
  argument.writeBigUInt64LE(BigInt(blocks), 0)
  argument.writeUInt32LE(superblock.inodePercent, 8)
  succeed(await kernel.ioctl(directory.fd, growXfs, argument), step)
}

/** Asked before anything is changed; the kernel would say EPERM at the end. */
async function requireResource({ filesystem }: Superblock, step: Step): Promise<void> {
  if (filesystem !== 'ext4' || (await hasCapability('CAP_SYS_RESOURCE'))) return
  const message = `cannot ${step.what}: the kernel grows a mounted ext4 for CAP_SYS_RESOURCE alone, which this process lacks; unmount it first, or give the capability`
  throw new PouchError('permission-denied', message, {
    op: step.op,
    subject: step.subject,
    details: { errno: 'EPERM', capability: 'CAP_SYS_RESOURCE' },
  })
}

async function growOffline(kernel: Kernel, image: string, request: ResizeRequest, step: Step): Promise<void> {
  const { sizeBytes, signal } = request
  const filesystem = await withImage(image, step, {}, async (handle) => {
    await lockImage(kernel, handle, step)
    const superblock = await requireSuperblock(handle, step)
    if (superblock.filesystem === 'xfs' || sizeOf(superblock) >= sizeBytes) return superblock.filesystem
    const blocks = blocksForSize(superblock, sizeBytes)
    await extend(handle, blocks * superblock.blockBytes)
    await checkExt4(image, { signal, locked: handle }, step)
    await runDiskProgram({ program: 'resize2fs', args: [image, String(blocks)], signal, locked: handle }, step)
    await handle.sync()
    return superblock.filesystem
  })
  if (filesystem === 'xfs') await growXfsOffline(kernel, image, sizeBytes, step)
}

/** xfs grows only while it is mounted, so it is, out of everyone's sight: a crash unmounts it. */
async function growXfsOffline(kernel: Kernel, image: string, sizeBytes: number, step: Step): Promise<void> {
  const attachment = await attachImage(image, { kernel })
  try {
    const directory = await openDetached(attachment.device, step)
    try {
      await growOnline(kernel, image, { device: attachment.device, directory }, sizeBytes, step)
      succeed(await kernel.syncFilesystem(directory.fd), step)
    } finally {
      await directory.close()
    }
  } finally {
    await attachment.release()
  }
}

async function openDetached(device: string, step: Step): Promise<FileHandle> {
  const target = await mkdtemp(join(tmpdir(), 'pouch-quota-'))
  try {
    const options = ['nouuid', 'nosuid', 'nodev', 'noexec']
    await mount({ source: device, target, type: 'xfs', options }, { inProcess: true })
    try {
      return await open(target, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    } finally {
      await unmount(target, { lazy: true, inProcess: true })
    }
  } catch (error) {
    throw thrownError(error, step)
  } finally {
    await rmdir(target)
  }
}

async function extend(handle: FileHandle, bytes: number): Promise<void> {
  const { size } = await handle.stat()
  if (size >= bytes) return
  await handle.truncate(bytes)
  await handle.sync()
}

async function shownBytes(directory: FileHandle, step: Step): Promise<number> {
  const { blocks, bsize } = await statfs(`/proc/self/fd/${directory.fd}`).catch((error: unknown) => {
    throw thrownError(error, step)
  })
  return blocks * bsize
}

function growStep(image: string, sizeBytes: number): Step {
  return {
    op: 'quota.growImage',
    what: `grow ${image} to ${formatBytes(Math.max(sizeBytes, 0))}`,
    subject: image,
    reasons: { ENOTSUP: 'this ext4 was made so that it cannot grow while it is mounted; unmount it first' },
  }
}
