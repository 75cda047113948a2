import type { Readable } from 'node:stream'
import { FrameDecoder } from '@pouch/api'
import { replyError } from './failures.js'
import { jsonLines } from './json-lines.js'
import { replyStream } from './reply-stream.js'

/** What is told besides the bytes of an archive. */
export interface ArchiveListener {
  /** Told what the archive lacks, such as a socket. */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** A reply that carries an archive. */
export interface ArchiveReply {
  readonly chunks: AsyncIterable<Uint8Array>
  readonly op: string
  /** Ends the request, whatever it waits for. */
  stop(): void
}

/**
 * The archive in a reply of frames: its bytes are those of stdout, warnings are JSON strings on lines of stderr, and a failure is the JSON of
 * an error.
 *
 * @returns a stream that fails with the daemon's own error; destroying it ends the request
 */
export function archiveStream({ chunks, op, stop }: ArchiveReply, listener: ArchiveListener): Readable {
  return replyStream(decoded(chunks, op, listener), stop)
}

async function* decoded(
  chunks: AsyncIterable<Uint8Array>,
  op: string,
  { onWarning }: ArchiveListener,
): AsyncGenerator<Uint8Array> {
  const decoder = new FrameDecoder()
  const told: Record<'stderr' | 'error', Uint8Array[]> = { stderr: [], error: [] }
  for await (const chunk of chunks) {
    for (const { stream, data } of decoder.decode(chunk)) {
      if (stream === 'stdout') yield data
      else if (stream !== 'stdin') told[stream].push(data)
    }
  }
  decoder.end()
  for await (const warning of jsonLines<string>(each(told.stderr), op)) onWarning?.(warning)
  const failure = Buffer.concat(told.error).toString()
  if (failure !== '') throw replyError(500, failure, op)
}

async function* each(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}
