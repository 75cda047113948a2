import { readFully } from './descriptor.js'
import { pieceBuffers, pieceBytes } from './piece-buffers.js'
import type { Extent } from './sparse-map.js'

/** A piece of a file's content. */
export interface ContentPiece {
  readonly offset: number
  /** The reader's own, and overwritten when the next piece is asked for, unless buffers are taken that are not. */
  readonly data: Buffer
  /** How many of its bytes were not in the file any more, and are zeros. */
  readonly missingBytes: number
}

/** Reads pieces of a file; while one is looked at the next is read. What the file has lost meanwhile is zeros. */
export async function* readPieces(
  descriptor: number,
  extents: Iterable<Extent>,
  take = pieceBuffers(),
): AsyncGenerator<ContentPiece, void, undefined> {
  let reading: Promise<ContentPiece> | undefined
  try {
    for (const { offset, length } of extents) {
      for (let done = 0; done < length; done += pieceBytes) {
        const next = readPiece(descriptor, offset + done, take(Math.min(pieceBytes, length - done)))
        // Its failure is thrown when its turn comes.
        next.catch(() => undefined)
        const ready = reading
        reading = next
        if (ready !== undefined) yield await ready
      }
    }
    if (reading !== undefined) yield await reading
    reading = undefined
  } finally {
    // The descriptor is closed after this, and its number may then be another file's.
    await reading?.catch(() => undefined)
  }
}

async function readPiece(descriptor: number, offset: number, data: Buffer): Promise<ContentPiece> {
  const count = await readFully(descriptor, data, offset)
  data.fill(0, count)
  return { offset, data, missingBytes: data.length - count }
}
