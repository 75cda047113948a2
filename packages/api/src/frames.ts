import { PouchError } from '@pouch/errors'

/** Whose bytes a frame carries. `error` is text of the daemon itself, and ends the stream. */
export type StreamName = 'stdin' | 'stdout' | 'stderr' | 'error'

/** A decoded frame, or a part of a long one. */
export interface Frame {
  readonly stream: StreamName
  readonly data: Uint8Array
}

/** Content types of attach, exec and log streams. */
export const streamTypes = Object.freeze({
  /** Plain bytes: a terminal, and every hijacked reply below API version 1.42. */
  raw: 'application/vnd.docker.raw-stream',
  /** Frames with an 8-byte header. */
  multiplexed: 'application/vnd.docker.multiplexed-stream',
})

/** The length of a frame's header: the stream's number, three zeros, the payload's length in big endian. */
export const frameHeaderBytes = 8

/** The longest frame that a decoder takes: what Docker's own clients read into memory at most is far below. */
export const maxFrameBytes = 64 * 1024 * 1024

const names: readonly StreamName[] = ['stdin', 'stdout', 'stderr', 'error']

/** The header of a frame. @throws RangeError when the length is not one of 32 bits */
export function frameHeader(stream: StreamName, payloadBytes: number): Uint8Array {
  if (!Number.isInteger(payloadBytes) || payloadBytes < 0 || payloadBytes > 0xffff_ffff) {
    throw new RangeError(`a frame cannot hold ${payloadBytes} bytes`)
  }
  const header = new Uint8Array(frameHeaderBytes)
  header[0] = names.indexOf(stream)
  new DataView(header.buffer).setUint32(4, payloadBytes)
  return header
}

/** One frame, header and payload, in one piece. */
export function encodeFrame(stream: StreamName, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + data.byteLength)
  frame.set(frameHeader(stream, data.byteLength))
  frame.set(data, frameHeaderBytes)
  return frame
}

/**
 * Takes frames apart as bytes arrive, in pieces of any size. A payload is handed on as it comes, so that nothing is ever
 * held but a header, however long a frame says it is; one frame may therefore come out as several parts.
 */
export class FrameDecoder {
  readonly #maxBytes: number
  readonly #header = new Uint8Array(frameHeaderBytes)
  #headerLength = 0
  #stream: StreamName = 'stdout'
  #left = 0

  /** @param maxBytes a longer frame is refused; {@link maxFrameBytes} unless told */
  constructor(maxBytes: number = maxFrameBytes) {
    this.#maxBytes = maxBytes
  }

  /**
   * The frames, or parts of frames, in the next bytes. The parts are views of `chunk`, never copies.
   *
   * @throws PouchError `corrupt` on a header that is not one; the stream cannot be read any further
   */
  *decode(chunk: Uint8Array): Generator<Frame> {
    let offset = 0
    while (offset < chunk.byteLength) {
      if (this.#left === 0) {
        offset = this.#readHeader(chunk, offset)
        continue
      }
      const end = Math.min(offset + this.#left, chunk.byteLength)
      this.#left -= end - offset
      yield { stream: this.#stream, data: chunk.subarray(offset, end) }
      offset = end
    }
  }

  /** Says that no more bytes will come. @throws PouchError `unavailable` when that is in the middle of a frame */
  end(): void {
    if (this.#left === 0 && this.#headerLength === 0) return
    throw new PouchError(
      'unavailable',
      'the stream broke off in the middle of a frame: the daemon or the network went away',
      {
        op: 'stream.decode',
      },
    )
  }

  #readHeader(chunk: Uint8Array, offset: number): number {
    const end = Math.min(offset + frameHeaderBytes - this.#headerLength, chunk.byteLength)
    this.#header.set(chunk.subarray(offset, end), this.#headerLength)
    this.#headerLength += end - offset
    if (this.#headerLength === frameHeaderBytes) this.#openFrame()
    return end
  }

  #openFrame(): void {
    this.#headerLength = 0
    const [type = 0, a, b, c] = this.#header
    const stream = names[type]
    if (stream === undefined || a !== 0 || b !== 0 || c !== 0) {
      throw corrupt(`its header is ${Buffer.from(this.#header).toString('hex')}, which no stream has`)
    }
    const length = new DataView(this.#header.buffer).getUint32(4)
    if (length > this.#maxBytes)
      throw corrupt(`it says that it is ${length} bytes long, and ${this.#maxBytes} are allowed`)
    this.#stream = stream
    this.#left = length
  }
}

function corrupt(why: string): PouchError {
  return new PouchError(
    'corrupt',
    `a frame of the stream cannot be read: ${why}; is the stream a terminal's, which has no frames?`,
    {
      op: 'stream.decode',
    },
  )
}
