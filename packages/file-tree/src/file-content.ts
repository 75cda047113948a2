import { readFully } from './descriptor.js'
import type { Extent } from './sparse-map.js'

const pieceBytes = 1024 * 1024

/** A piece of a file's content. */
export interface ContentPiece {
  readonly offset: number
  readonly data: Buffer
  /** How many of its bytes were not in the file any more, and are zeros. */
  readonly missingBytes: number
}

/** Reads pieces of a file; while one is looked at the next is read. What the file has lost meanwhile is zeros. */
export async function* readPieces(
  descriptor: number,
  extents: Iterable<Extent>,
): AsyncGenerator<ContentPiece, void, undefined> {
  let reading: Promise<ContentPiece> | undefined
  try {
    for (const { offset, length } of extents) {
      for (let done = 0; done < length; done += pieceBytes) {
        const next = readPiece(descriptor, offset + done, Math.min(pieceBytes, length - done))
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

async function readPiece(descriptor: number, offset: number, length: number): Promise<ContentPiece> {
  const data = Buffer.allocUnsafeSlow(length)
  const count = await readFully(descriptor, data, offset)
  data.fill(0, count)
  return { offset, data, missingBytes: length - count }
}
