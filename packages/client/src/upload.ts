import { Readable } from 'node:stream'
import { isPouchError, PouchError } from '@pouch/errors'

/** A body that is sent as its source gives it, at the pace of the connection. */
export class Upload {
  readonly stream: Readable
  readonly #op: string
  #failure: PouchError | undefined

  constructor(source: AsyncIterable<Uint8Array>, op: string) {
    this.#op = op
    this.stream = Readable.from(this.#watch(source), { objectMode: false })
  }

  /** Why the source could not be read, if that is what ended the request. */
  get failure(): PouchError | undefined {
    return this.#failure
  }

  /** Reads no more of the source, and lets go of it. */
  stop(): void {
    // Its end is no failure: the reply has told what there is to tell.
    this.stream.on('error', () => undefined)
    this.stream.destroy()
  }

  async *#watch(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* source
    } catch (cause) {
      const message = 'what was to be sent to the daemon could not be read'
      this.#failure = isPouchError(cause) ? cause : PouchError.from(cause, { op: this.#op, message })
      throw this.#failure
    }
  }
}
