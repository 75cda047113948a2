import { FrameDecoder, streamTypes } from '@pouch/api'
import { PouchError } from '@pouch/errors'

/** A piece of what a process wrote, in the order in which it came. Not bound to lines. */
export interface OutputChunk {
  /** A terminal has one stream only, `stdout`. */
  readonly stream: 'stdout' | 'stderr'
  readonly data: Uint8Array
}

/**
 * Takes a stream of frames apart; with a terminal the bytes are what they are.
 *
 * @throws PouchError `corrupt` on what is not a frame, `internal` on a failure that the daemon reports in the stream
 */
export async function* readOutput(
  chunks: AsyncIterable<Uint8Array>,
  isTty: boolean,
  op: string,
): AsyncGenerator<OutputChunk> {
  const decoder = new FrameDecoder()
  for await (const chunk of chunks) {
    if (isTty) {
      yield { stream: 'stdout', data: chunk }
      continue
    }
    for (const { stream, data } of decoder.decode(chunk)) {
      if (stream === 'error') throw new PouchError('internal', Buffer.from(data).toString().trim(), { op })
      yield { stream: stream === 'stderr' ? 'stderr' : 'stdout', data }
    }
  }
  if (!isTty) decoder.end()
}

/** What a content type says about a stream: framed, or unknown since old daemons name both the same. */
export function isFramedType(type: string): boolean {
  return type.startsWith(streamTypes.multiplexed)
}
