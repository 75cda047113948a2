import { PouchError } from '@pouch/errors'
import { inspectImage } from '@pouch/quota'
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

/**
 * Brings an image to a size: it grows mounted or not, and shrinks only while it is not mounted.
 *
 * @throws PouchError `exhausted` below what is in it, `in-use` when it has to be unmounted for it, `unsupported` for an xfs that is to shrink
 */
export async function fitImage(
  { volume, file, sizeBytes, usedBytes, mountPoint }: ImageFit,
  call: DriverCall,
): Promise<void> {
  requireRoom(volume, usedBytes, sizeBytes)
  const facts = await inspectImage(file)
  if (sizeBytes === facts.sizeBytes) return
  if (mountPoint !== undefined) {
    const message = 'it is in use, and an image shrinks only while it is not mounted; stop what uses it'
    throw new PouchError('in-use', message, { op: 'local', subject: volume.name })
  }
  call.signal.throwIfAborted()
  throw new PouchError('unsupported', `the image ${file} keeps its size in this version`, {
    op: 'local',
    subject: volume.name,
  })
}
