import type { Transform } from 'node:stream'
import { pipeline, Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import { createGunzip, createGzip } from 'node:zlib'
import { PouchError } from '@pouch/errors'
import { throughZstd, zstdProgram } from './zstd-program.js'

/** What an archive may be compressed with. */
export type CompressionFormat = 'gzip' | 'zstd'

type ZlibWithZstd = typeof zlib & {
  readonly createZstdCompress?: () => Transform
  readonly createZstdDecompress?: () => Transform
}

const magics: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
]
const longestMagic = 6
const nodeHasZstd = (zlib as ZlibWithZstd).createZstdCompress !== undefined

/**
 * The stream without its compression, which is told by its first bytes; what is not compressed comes through as it is.
 *
 * @throws PouchError while it is read: `unsupported` for bzip2, xz and lz4, and for zstd where neither Node (22.15) nor the PATH has it,
 *   `corrupt` when the compressed data is damaged or ends early
 */
export async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = source[Symbol.asyncIterator]()
  try {
    const { head, ended } = await firstBytes(chunks)
    const format = magics.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0]
    const whole = joined(head, ended ? undefined : chunks)
    yield* format === undefined ? whole : plain(whole, format)
  } finally {
    await chunks.return?.()
  }
}

/**
 * The stream compressed.
 *
 * @throws PouchError `unsupported`, at once, where neither this Node (from 22.15 on) nor the PATH has zstd
 */
export function compressed(
  source: AsyncIterable<Uint8Array>,
  format: CompressionFormat,
): AsyncGenerator<Uint8Array, void, undefined> {
  const program = format === 'zstd' && !nodeHasZstd ? zstdProgram() : undefined
  if (program !== undefined) return throughZstd(program, 'compress', source)
  return through(source, encoder(format), format)
}

function plain(source: AsyncIterable<Uint8Array>, format: string): AsyncGenerator<Uint8Array, void, undefined> {
  const program = format === 'zstd' && !nodeHasZstd ? zstdProgram() : undefined
  return program === undefined ? through(source, decoder(format), format) : throughZstd(program, 'decompress', source)
}

async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  format: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  // The callback's error is the iteration's too, which is where it is thrown.
  const output = pipeline(Readable.from(source, { objectMode: true }), transform, () => undefined)
  try {
    for await (const chunk of output) yield chunk as Uint8Array
  } catch (error) {
    throw isDataError(error) ? damaged(format, error) : error
  } finally {
    output.destroy()
  }
}

function decoder(format: string): Transform {
  if (format === 'gzip') return createGunzip()
  const make = format === 'zstd' ? (zlib as ZlibWithZstd).createZstdDecompress : undefined
  if (make !== undefined) return make()
  const wayOut =
    format === 'zstd'
      ? 'install zstd, use Node 22.15 or later, or pass it through zstd -d'
      : `pass it through ${format} -d`
  throw lacking(
    `this data is compressed with ${format}, which Node ${process.versions.node} cannot read; ${wayOut}`,
    format,
  )
}

function encoder(format: CompressionFormat): Transform {
  if (format === 'gzip') return createGzip()
  const make = format === 'zstd' ? (zlib as ZlibWithZstd).createZstdCompress : undefined
  if (make !== undefined) return make()
  if (format === 'zstd')
    throw lacking(
      `Node ${process.versions.node} cannot compress with zstd; install zstd, use Node 22.15 or later, or gzip`,
      format,
    )
  throw new PouchError('invalid-argument', `'${String(format)}' is no compression; it is gzip or zstd`, {
    op: 'tree.compress',
    subject: String(format),
  })
}

async function firstBytes(chunks: AsyncIterator<Uint8Array>): Promise<{ head: Buffer; ended: boolean }> {
  let head = Buffer.alloc(0)
  while (head.length < longestMagic) {
    const { done, value } = await chunks.next()
    if (done === true) return { head, ended: true }
    head = Buffer.concat([head, value])
  }
  return { head, ended: false }
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  if (rest === undefined) return
  for (;;) {
    const { done, value } = await rest.next()
    if (done === true) return
    yield value
  }
}

const dataErrors = new Set(['Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_NEED_DICT'])

/** zlib's own errors have names of its own; those of the source are not ours to name. */
function isDataError(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' && (dataErrors.has(code) || code.startsWith('ZSTD_'))
}

function damaged(format: string, cause: unknown): PouchError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message = `the ${format} data is damaged or ends early (${why}); get the archive again`
  return new PouchError('corrupt', message, { op: 'tree.decompress', subject: format, cause })
}

function lacking(message: string, format: string): PouchError {
  return new PouchError('unsupported', message, { op: 'tree.compress', subject: format })
}
