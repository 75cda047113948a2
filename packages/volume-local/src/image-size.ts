import { readdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { hasCode, isPouchError, PouchError } from '@pouch/errors'
import { createImage, growImage, type ImageRequest, inspectImage, shrinkImage } from '@pouch/quota'
import { formatBytes } from '@pouch/units'
import type { DriverCall, DriverVolume } from '@pouch/volume-core/driver'
import { requireRoom } from './size-limits.js'

/** An image, and the size that it is to have. */
export interface ImageFit {
  readonly volume: DriverVolume
  readonly file: string
  readonly sizeBytes: number
  readonly usedBytes: number
  /** Where it is mounted, if it is. */
  readonly mountPoint: string | undefined
}

/** How far the size of an image may be above what was asked for. */
const tolerance = 0.02

/**
 * Makes an image.
 *
 * @throws PouchError `invalid-argument` for a size or a number of files that its filesystem cannot have, and what {@link createImage} throws
 */
export async function makeImage(file: string, request: ImageRequest): Promise<void> {
  try {
    await createImage(file, request)
  } catch (error) {
    throw outOfBounds(request, error) ?? error
  }
}

/** In the words of the volume's options; `undefined` for any other failure. */
function outOfBounds({ filesystem = 'ext4', sizeBytes, inodes }: ImageRequest, error: unknown): PouchError | undefined {
  const leastBytes = leastOf(error)
  if (leastBytes !== undefined) {
    const [least, asked] = [formatBytes(leastBytes), formatBytes(sizeBytes)]
    const why = `an image of ${filesystem} takes at least ${least}, and ${asked} are asked for: take a greater size`
    return invalid('size', why, { leastBytes }, error)
  }
  const [leastInodes, mostInodes] = [boundOf(error, 'leastInodes'), boundOf(error, 'mostInodes')]
  if (leastInodes !== undefined) {
    const why = `an image has at least ${leastInodes}, and ${inodes} are asked for: give ${leastInodes} or more, or leave it out`
    return invalid('inodes', why, { leastInodes }, error)
  }
  if (mostInodes === undefined) return undefined
  const why = `an image of ${formatBytes(sizeBytes)} has at most ${mostInodes}, and ${inodes} are asked for: give fewer, or a greater size`
  return invalid('inodes', why, { mostInodes }, error)
}

function invalid(option: string, why: string, least: Readonly<Record<string, number>>, cause: unknown): PouchError {
  const details = { option, ...least }
  return new PouchError('invalid-argument', `invalid option '${option}': ${why}`, { op: 'local', details, cause })
}

/**
 * Brings an image to a size: it grows mounted or not, and shrinks only while it is not mounted.
 *
 * @throws PouchError `exhausted` below what is in it, `in-use` when it has to be unmounted for it, `unsupported` for an xfs that is to shrink
 */
export async function fitImage(fit: ImageFit, { signal }: DriverCall): Promise<void> {
  const { volume, file, sizeBytes, usedBytes, mountPoint } = fit
  requireRoom(volume, usedBytes, sizeBytes)
  await removeDrafts(file)
  const { sizeBytes: before } = await inspectImage(file)
  if (isOfSize(before, sizeBytes)) return
  if (sizeBytes > before) return await grow(fit, signal)
  if (mountPoint !== undefined) throw inUse(volume, 'an image shrinks only while it is not mounted')
  await shrink(fit, signal)
}

/** Whether an image has a size that was asked for: it may be a little larger. */
export function isOfSize(sizeBytes: number, wantedBytes: number): boolean {
  return wantedBytes <= sizeBytes && sizeBytes <= wantedBytes * (1 + tolerance)
}

/** What a crash in the middle of a resize left. */
async function removeDrafts(file: string): Promise<void> {
  const folder = dirname(file)
  const isDraft = (name: string) => name.startsWith(`.${basename(file)}.`) && name.endsWith('.part')
  for (const name of (await readdir(folder)).filter(isDraft)) await unlink(join(folder, name))
}

/** A filesystem needs some room beside what is in it. */
async function shrink({ volume, file, sizeBytes }: ImageFit, signal: AbortSignal): Promise<void> {
  try {
    await shrinkImage(file, { sizeBytes, signal })
  } catch (error) {
    if (!hasCode(error, 'conflict')) throw error
    const leastBytes = leastOf(error)
    const least = leastBytes === undefined ? 'more' : `at least ${formatBytes(leastBytes)}`
    const message = `it cannot shrink to ${formatBytes(sizeBytes)}: what is in it takes ${least}; delete something first, or take a greater size`
    const details = leastBytes === undefined ? { sizeBytes } : { sizeBytes, leastBytes }
    throw new PouchError('exhausted', message, { op: 'local', subject: volume.name, details, cause: error })
  }
}

function leastOf(error: unknown): number | undefined {
  return boundOf(error, 'leastBytes')
}

function boundOf(error: unknown, what: 'leastBytes' | 'leastInodes' | 'mostInodes'): number | undefined {
  const bound = isPouchError(error) ? error.details[what] : undefined
  return typeof bound === 'number' ? bound : undefined
}

async function grow({ volume, file, sizeBytes, mountPoint }: ImageFit, signal: AbortSignal): Promise<void> {
  try {
    await growImage(file, { sizeBytes, signal })
  } catch (error) {
    if (mountPoint === undefined || !hasCode(error, 'permission-denied')) throw error
    throw inUse(volume, 'without CAP_SYS_RESOURCE an ext4 grows only while it is not mounted', error)
  }
}

function inUse({ name }: DriverVolume, why: string, cause?: unknown): PouchError {
  return new PouchError('in-use', `it is in use, and ${why}; stop what uses it`, { op: 'local', subject: name, cause })
}
