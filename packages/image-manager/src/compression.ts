import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { PouchError } from '@pouch/errors'

/** How data is compressed, by its first bytes. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz'

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
]

/** Enough of the beginning of a stream to know what it is: a tar header. */
const headBytes = 512

/** A stream whose beginning was looked at; `body` has all of it. */
export interface Peeked {
  /** The first 512 bytes, fewer when there are no more. */
  readonly head: Uint8Array
  readonly compression: Compression
  readonly body: AsyncIterable<Uint8Array>
}

/** Reads the beginning of a stream without losing it. */
export async function peek(source: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < headBytes) {
    const { done, value } = await iterator.next()
    if (done === true) break
    chunks.push(value)
    length += value.byteLength
  }
  const beginning = Buffer.concat(chunks, length)
  const head = beginning.subarray(0, headBytes)
  return { head, compression: compressionOf(head), body: resumed(beginning, iterator) }
}

/** How data that begins so is compressed. */
export function compressionOf(head: Uint8Array): Compression {
  const found = magics.find(([, magic]) => magic.every((byte, index) => head[index] === byte))
  return found?.[0] ?? 'none'
}

/**
 * The tar in a stream that is plain or compressed with gzip.
 *
 * @throws PouchError `unsupported` for other compressions, `invalid-argument` for damaged data
 */
export async function* plain(peeked: Peeked): AsyncIterable<Uint8Array> {
  if (peeked.compression === 'none') yield* peeked.body
  else if (peeked.compression === 'gzip') yield* gunzip(peeked.body)
  else throw refused(peeked.compression)
}

/** The error of a compression that this program cannot undo. */
export function refused(compression: Compression): PouchError {
  return new PouchError(
    'unsupported',
    `the data is compressed with ${compression}; give it plain or compressed with gzip`,
    {
      op: 'image.decompress',
      subject: compression,
    },
  )
}

/** Uncompresses gzip. @throws PouchError `invalid-argument` for damaged data */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const unzip = createGunzip({ chunkSize: 256 * 1024 })
  const feeding = pipeline(Readable.from(source, { objectMode: false }), unzip)
  // Its failure shows in the loop; awaited below only so that the source is let go of.
  feeding.catch(() => undefined)
  try {
    for await (const chunk of unzip) yield chunk as Uint8Array
    await feeding
  } catch (error) {
    throw damagedGzip(error)
  } finally {
    unzip.destroy()
    await feeding.catch(() => undefined)
  }
}

async function* resumed(beginning: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    if (beginning.byteLength > 0) yield beginning
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) yield step.value
  } finally {
    await rest.return?.()
  }
}

/** The error of gzip data that cannot be read; any other error as it is. */
export function damagedGzip(error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  if (code?.startsWith('Z_') !== true) return error
  return new PouchError('invalid-argument', 'the gzip data is damaged or ends too early', {
    op: 'image.decompress',
    cause: error,
  })
}
