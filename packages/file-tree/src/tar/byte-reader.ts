import { PouchError } from '@pouch/errors'

const smallSkip = 65536

/** A stream of chunks, read by numbers of bytes. It knows how far it is. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #onChunk: () => void
  #chunk: Buffer = Buffer.alloc(0)
  #position = 0
  #offset = 0
  #ended = false

  /** @param onChunk called for each chunk; what it throws ends the reading */
  constructor(source: AsyncIterable<Uint8Array>, onChunk: () => void) {
    this.#chunks = source[Symbol.asyncIterator]()
    this.#onChunk = onChunk
  }

  /** Bytes that were read so far. */
  get offset(): number {
    return this.#offset
  }

  /** Exactly as many bytes; `undefined` when the stream ended before the first. @throws PouchError `corrupt` when it ends within */
  async readOrEnd(length: number): Promise<Buffer | undefined> {
    if (this.#left === 0 && !(await this.#fill())) return undefined
    return await this.read(length)
  }

  /** Exactly as many bytes. They are shared with the stream until the next call: copy what is kept. @throws PouchError `corrupt` */
  async read(length: number): Promise<Buffer> {
    if (this.#left >= length) return this.#take(length)
    const result = Buffer.allocUnsafe(length)
    await this.readInto(result)
    return result
  }

  /** As many bytes as the target has room for. @throws PouchError `corrupt` when the stream ends within */
  async readInto(target: Buffer): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      if (this.#left === 0 && !(await this.#fill())) throw this.#endedEarly()
      filled += this.#take(Math.min(target.length - filled, this.#left)).copy(target, filled)
    }
  }

  /** At least one byte and at most as many. @throws PouchError `corrupt` when the stream has ended */
  async readSome(most: number): Promise<Buffer> {
    if (this.#left === 0 && !(await this.#fill())) throw this.#endedEarly()
    return this.#take(Math.min(most, this.#left))
  }

  /** @throws PouchError `corrupt` when the stream ends within */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) left -= (await this.readSome(Math.max(1, Math.min(left, smallSkip)))).length
  }

  /** Reads what is left of the stream, and drops it. */
  async drain(): Promise<void> {
    do this.#position = this.#chunk.length
    while (await this.#fill())
  }

  /** Lets go of the stream before its end. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#chunks.return?.()
    this.#ended = true
  }

  get #left(): number {
    return this.#chunk.length - this.#position
  }

  #take(length: number): Buffer {
    const part = this.#chunk.subarray(this.#position, this.#position + length)
    this.#position += length
    this.#offset += length
    return part
  }

  async #fill(): Promise<boolean> {
    while (!this.#ended) {
      const { done, value } = await this.#chunks.next()
      this.#onChunk()
      if (done === true) {
        this.#ended = true
        return false
      }
      if (!(value instanceof Uint8Array)) {
        const message = 'an archive comes in chunks of bytes (Uint8Array); the source gave something else'
        throw new PouchError('invalid-argument', message, { op: 'tree.unpack' })
      }
      if (value.length === 0) continue
      this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.length)
      this.#position = 0
      return true
    }
    return false
  }

  #endedEarly(): PouchError {
    const message = `the archive ends at offset ${this.#offset}, in the middle of an entry; get it again`
    return new PouchError('corrupt', message, { op: 'tree.unpack', details: { offset: this.#offset } })
  }
}
