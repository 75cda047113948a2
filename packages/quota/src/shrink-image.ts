import { chmod, chown, type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PouchError } from '@pouch/errors'
import { formatBytes } from '@pouch/units'
import { checkExt4 } from './check-ext4.js'
import { askDiskProgram, runDiskProgram } from './disk-program.js'
import { ext4Overhead } from './ext4-layout.js'
import { blocksForSize, type ResizeRequest, requireSize } from './grow-image.js'
import { draftOf, type ImageFacts, inspectImage, requireSuperblock, sizeOf } from './image.js'
import { type QuotaCall, systemKernel } from './kernel.js'
import { lockImage, withImage } from './loop-device.js'
import { absolutePath, withDirectory } from './open-path.js'
import { type Step, thrownError } from './step-error.js'
import type { Superblock } from './superblock.js'

/** Fewer blocks are not worth a copy; what the filesystem keeps for itself varies by as much. */
const leastGainBlocks = 256
const mebibyte = 2 ** 20

/**
 * Makes an ext4 image smaller, after a check, while it is not mounted. The work is done on a copy that then takes the image's place,
 * so that nothing is lost when it is cut short; it takes room for what the image holds. One that is small enough is a success.
 *
 * @param file absolute
 * @throws PouchError `conflict` when it holds more than the size (`details.leastBytes`); `in-use` while it is mounted; `unsupported` for xfs, which cannot
 *   shrink; `corrupt` when the check finds what it cannot mend; `exhausted`
 */
export async function shrinkImage(
  file: string,
  { sizeBytes, signal }: ResizeRequest,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<ImageFacts> {
  const image = absolutePath(file, 'quota.shrinkImage')
  const step = {
    op: 'quota.shrinkImage',
    what: `shrink ${image} to ${formatBytes(Math.max(sizeBytes, 0))}`,
    subject: image,
  }
  requireSize(sizeBytes, step)
  await withImage(image, step, {}, async (handle) => {
    await lockImage(kernel, handle, step)
    refuseXfs(await requireSuperblock(handle, step), step)
    await checkExt4(image, { signal, locked: handle }, step)
    const superblock = await requireSuperblock(handle, step)
    const blocks = blocksForSize(superblock, sizeBytes)
    if (superblock.blocks - blocks < leastGainBlocks) return
    await requireRoom(image, { superblock, blocks, sizeBytes, signal, locked: handle }, step)
    await replaceBySmaller(handle, image, blocks, signal, step)
  })
  return await inspectImage(image)
}

async function replaceBySmaller(
  original: FileHandle,
  image: string,
  blocks: number,
  signal: AbortSignal | undefined,
  step: Step,
): Promise<void> {
  const draft = draftOf(image)
  try {
    // Copies the blocks that are in use, and leaves the rest as holes.
    await runDiskProgram({ program: 'e2image', args: ['-ra', image, draft], signal, locked: original }, step)
    await runDiskProgram(
      { program: 'resize2fs', args: [draft, String(blocks)], failure: 'conflict', signal, locked: original },
      step,
    )
    const copy = await open(draft, 'r+')
    try {
      const smaller = await requireSuperblock(copy, step)
      await copy.truncate(smaller.blocks * smaller.blockBytes)
      await copy.sync()
    } finally {
      await copy.close()
    }
    await checkExt4(draft, { signal, locked: original }, step)
    const { mode, uid, gid } = await original.stat()
    await chmod(draft, mode & 0o7777)
    await chown(draft, uid, gid)
    await rename(draft, image)
    await withDirectory(dirname(image), step, (directory) => directory.sync())
  } catch (error) {
    await rm(draft, { force: true })
    throw thrownError(error, step)
  }
}

function refuseXfs({ filesystem }: Superblock, step: Step): void {
  if (filesystem === 'ext4') return
  const message = `cannot ${step.what}: xfs cannot shrink; make a smaller image and copy what is in it`
  throw new PouchError('unsupported', message, { op: step.op, subject: step.subject })
}

interface RoomCall {
  readonly superblock: Superblock
  readonly blocks: number
  readonly sizeBytes: number
  readonly signal: AbortSignal | undefined
  readonly locked: FileHandle
}

/** Asked before anything is copied: what is in it, and what the filesystem needs for itself. */
async function requireRoom(image: string, call: RoomCall, step: Step): Promise<void> {
  const { superblock, blocks, sizeBytes, signal, locked } = call
  const said = await askDiskProgram(
    { program: 'resize2fs', args: ['-P', image], failure: 'conflict', signal, locked },
    step,
  )
  const leastBlocks = Number(/:\s*(\d+)\s*$/.exec(said)?.[1])
  // A number is all that is read of it. Without one resize2fs decides.
  if (Number.isNaN(leastBlocks) || leastBlocks <= blocks) return
  const leastBytes = Math.ceil(sizeOf(withBlocks(superblock, leastBlocks)) / mebibyte) * mebibyte
  const message = `cannot ${step.what}: what is in it takes at least ${formatBytes(leastBytes)}; delete some of its files, or take a greater size`
  throw new PouchError('conflict', message, { op: step.op, subject: step.subject, details: { sizeBytes, leastBytes } })
}

function withBlocks(superblock: Superblock, blocks: number): Superblock {
  const { layout, overheadBlocks } = superblock
  return { ...superblock, blocks, overheadBlocks: layout === undefined ? overheadBlocks : ext4Overhead(layout, blocks) }
}
