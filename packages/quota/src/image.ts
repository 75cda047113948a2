import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { formatBytes } from '@pouch/units'
import { runDiskProgram } from './disk-program.js'
import { ext4Groups } from './ext4-layout.js'
import type { QuotaCall } from './kernel.js'
import { withImage } from './loop-device.js'
import { absolutePath, withDirectory } from './open-path.js'
import { SizeSearch } from './size-search.js'
import { type Step, thrownError } from './step-error.js'
import { readSuperblock, type Superblock } from './superblock.js'

/** What an image is made as. */
export interface ImageRequest {
  /** What statfs(2) and `df` show as its size once mounted; the file is larger by what the filesystem keeps for itself. */
  readonly sizeBytes: number
  /** `ext4` unless given. */
  readonly filesystem?: 'ext4' | 'xfs' | undefined
  /** How many files it can hold, at least; ext4 alone is made with a number of its own. */
  readonly inodes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What an image is. */
export interface ImageFacts {
  readonly filesystem: 'ext4' | 'xfs'
  /** What statfs(2) shows as its size once mounted. */
  readonly sizeBytes: number
  /** The length of the file. */
  readonly fileBytes: number
  /** What the file takes on its own filesystem; it is sparse. */
  readonly allocatedBytes: number
  /** What is in use of {@link sizeBytes}. */
  readonly usedBytes: number
  /** 0 on xfs, which makes them as needed. */
  readonly inodes: number
  readonly usedInodes: number
}

/** What a mounted filesystem has room for. */
export interface FilesystemUsage {
  readonly sizeBytes: number
  readonly usedBytes: number
  readonly freeBytes: number
  /** 0 where the filesystem does not count them. */
  readonly inodes: number
  readonly usedInodes: number
}

const mebibyte = 2 ** 20
/** mkfs.xfs makes nothing smaller. */
const leastXfsFileBytes = 300 * mebibyte
const leastSizeBytes = { ext4: 4 * mebibyte, xfs: 236 * mebibyte } as const
/** mkfs.ext4 takes some for itself. */
const leastInodes = 16
const inodeBytes = 256
/** mkfs.ext4 refuses to fill the filesystem with inodes; more than this no size is good for. */
const mostForInodes = 0.5
const mostRounds = 40

/**
 * Makes a sparse image with an empty filesystem. It appears under its name when it is whole and on the disk, and a crash leaves at most
 * a file called `.NAME.….part` beside it. On ext4 nothing is reserved for root, and there is a `lost+found`.
 *
 * @param file absolute; its directory exists
 * @throws PouchError `already-exists`, `invalid-argument` on a size or a number of inodes that cannot be (`details.leastBytes`,
 *   `details.leastInodes`, `details.mostInodes`), `unsupported` where mkfs is not installed, `exhausted`, `aborted`
 */
export async function createImage(file: string, request: ImageRequest): Promise<ImageFacts> {
  const image = absolutePath(file, 'quota.createImage')
  const step = { op: 'quota.createImage', what: `make the image ${image}`, subject: image }
  checkRequest(request, step)
  const draft = draftOf(image)
  try {
    const handle = await open(draft, 'wx+', 0o600)
    try {
      await formatToSize(handle, draft, request, step)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // A link, unlike a rename, never replaces an image that is there.
    await link(draft, image)
    await rm(draft)
    await withDirectory(dirname(image), step, (directory) => directory.sync())
  } catch (error) {
    await rm(draft, { force: true })
    throw thrownError(error, step)
  }
  return await inspectImage(image)
}

/**
 * What an image is, read from the image itself; of one that is mounted, what was last written to it.
 *
 * @throws PouchError `not-found`, `corrupt` when there is neither ext4 nor xfs in it
 */
export async function inspectImage(file: string, _call: QuotaCall = {}): Promise<ImageFacts> {
  const image = absolutePath(file, 'quota.inspectImage')
  const step = { op: 'quota.inspectImage', what: `read the image ${image}`, subject: image }
  return await withImage(image, step, { readOnly: true }, async (handle) => {
    const superblock = await requireSuperblock(handle, step)
    const { size, blocks } = await handle.stat()
    const { filesystem, freeBlocks, blockBytes, inodes, freeInodes } = superblock
    const sizeBytes = sizeOf(superblock)
    const usedBytes = Math.max(sizeBytes - freeBlocks * blockBytes, 0)
    const usedInodes = inodes - freeInodes
    return { filesystem, sizeBytes, fileBytes: size, allocatedBytes: blocks * 512, usedBytes, inodes, usedInodes }
  })
}

/** What a mounted filesystem has room for. With a project quota that holds for the directory, it is that of the project. */
export async function filesystemUsage(path: string): Promise<FilesystemUsage> {
  const absolute = absolutePath(path, 'quota.filesystemUsage')
  const facts = await statfs(absolute).catch((error: unknown) => {
    const step = { op: 'quota.filesystemUsage', what: `read the usage of ${absolute}`, subject: absolute }
    throw thrownError(error, step)
  })
  return {
    sizeBytes: facts.blocks * facts.bsize,
    usedBytes: (facts.blocks - facts.bfree) * facts.bsize,
    freeBytes: facts.bavail * facts.bsize,
    inodes: facts.files,
    usedInodes: facts.files - facts.ffree,
  }
}

/** The name of an image while it is made or rewritten. */
export function draftOf(image: string): string {
  return join(dirname(image), `.${basename(image)}.${randomBytes(6).toString('hex')}.part`)
}

/** What statfs(2) shows as the size of a filesystem. */
export function sizeOf({ blocks, overheadBlocks, blockBytes }: Superblock): number {
  return (blocks - overheadBlocks) * blockBytes
}

/** @throws PouchError `corrupt` when there is neither ext4 nor xfs */
export async function requireSuperblock(handle: FileHandle, step: Step): Promise<Superblock> {
  const superblock = await readSuperblock(handle)
  if (superblock !== undefined) return superblock
  const message = `cannot ${step.what}: there is neither an ext4 nor an xfs filesystem in it`
  throw new PouchError('corrupt', message, { op: step.op, subject: step.subject })
}

/** Makes the filesystem again and again, until its size and its inodes suffice. */
async function formatToSize(handle: FileHandle, draft: string, request: ImageRequest, step: Step): Promise<void> {
  const { sizeBytes, filesystem = 'ext4', inodes = 0 } = request
  const leastBytes = filesystem === 'xfs' ? leastXfsFileBytes : 0
  const begin = (firstBytes: number) => new SizeSearch({ wantedBytes: sizeBytes, firstBytes, leastBytes })
  let search = begin(firstGuess(sizeBytes, filesystem))
  let asked = inodes
  for (let round = 0; round < mostRounds; round += 1) {
    await handle.truncate(0)
    await handle.truncate(search.fileBytes)
    await format(draft, { ...request, inodes: asked }, step)
    const superblock = await requireSuperblock(handle, step)
    if (superblock.freeInodes < inodes && superblock.layout !== undefined) {
      // Each group has as many, in steps of eight, and mkfs rounds down.
      const perStep = 8 * ext4Groups(superblock.layout, superblock.blocks)
      const taken = superblock.inodes - superblock.freeInodes
      asked = Math.max(Math.ceil((inodes + taken) / perStep) * perStep, asked + perStep)
      search = begin(search.fileBytes)
    } else if (search.isFound(sizeOf(superblock))) return
  }
  const message = `cannot ${step.what}: no ${filesystem} of ${formatBytes(sizeBytes)} could be made; take another size`
  throw new PouchError('internal', message, { op: step.op, subject: step.subject, details: { sizeBytes } })
}

async function format(draft: string, { filesystem = 'ext4', inodes, signal }: ImageRequest, step: Step): Promise<void> {
  if (filesystem === 'xfs') {
    await runDiskProgram({ program: 'mkfs.xfs', args: ['-q', '-f', '-K', draft], signal }, step)
    return
  }
  const lazily = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard'
  const count = inodes === undefined || inodes === 0 ? [] : ['-N', String(inodes)]
  await runDiskProgram(
    { program: 'mkfs.ext4', args: ['-q', '-F', '-m', '0', '-E', lazily, ...count, draft], signal },
    step,
  )
}

function firstGuess(sizeBytes: number, filesystem: 'ext4' | 'xfs'): number {
  if (filesystem === 'xfs') return Math.max(wholeBlocks(sizeBytes + 64 * mebibyte), leastXfsFileBytes)
  return wholeBlocks(sizeBytes < 512 * mebibyte ? sizeBytes * 1.15 : sizeBytes * 1.02 + 32 * mebibyte)
}

function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096
}

function checkRequest({ sizeBytes, filesystem = 'ext4', inodes }: ImageRequest, step: Step): void {
  const refuse = (code: 'invalid-argument' | 'unsupported', why: string, details = {}): never => {
    throw new PouchError(code, `cannot ${step.what}: ${why}`, { op: step.op, subject: step.subject, details })
  }
  if (filesystem !== 'ext4' && filesystem !== 'xfs')
    refuse('invalid-argument', `'${filesystem}' is neither ext4 nor xfs`)
  const leastBytes = leastSizeBytes[filesystem]
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < leastBytes || sizeBytes > 2 ** 44) {
    const size = Number.isSafeInteger(sizeBytes) && sizeBytes >= 0 ? formatBytes(sizeBytes) : String(sizeBytes)
    const why = `${size} is not a size for ${filesystem}; it takes at least ${formatBytes(leastBytes)} and at most 16TiB`
    refuse('invalid-argument', why, sizeBytes < leastBytes ? { leastBytes } : {})
  }
  if (inodes === undefined) return
  if (filesystem === 'xfs') refuse('unsupported', 'xfs makes inodes as they are needed; leave out inodes, or take ext4')
  if (!Number.isSafeInteger(inodes) || inodes < leastInodes || inodes > 2 ** 32 - 1) {
    const why = `${inodes} is not a number of inodes; it is a whole number from ${leastInodes} on`
    refuse('invalid-argument', why, inodes < leastInodes ? { leastInodes } : {})
  }
  const mostInodes = Math.floor((firstGuess(sizeBytes, filesystem) * mostForInodes) / inodeBytes)
  if (inodes > mostInodes) {
    const why = `${inodes} inodes have no room in ${formatBytes(sizeBytes)}; it can have at most ${mostInodes}`
    refuse('invalid-argument', why, { mostInodes })
  }
}
