import type { StreamReply } from '../http/stream-reply.js'

/** A write to a connection costs more than a line does: about as many bytes go out at a time. */
const batchBytes = 64 * 1024

/** Sends many small pieces in few writes. Nothing waits for more to come: what is there goes out in the same turn of the event loop. */
export class FrameBatch {
  readonly #reply: StreamReply
  #pieces: Uint8Array[] = []
  #bytes = 0
  #turn: NodeJS.Immediate | undefined

  constructor(reply: StreamReply) {
    this.#reply = reply
  }

  /** Takes a piece, and waits while the client is slower than this side. */
  async add(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    if (this.#bytes >= batchBytes) await this.flush()
    else this.#turn ??= setImmediate(() => void this.flush())
  }

  /** Sends what is there. */
  async flush(): Promise<void> {
    clearImmediate(this.#turn)
    this.#turn = undefined
    const pieces = this.#pieces
    if (pieces.length === 0) return
    this.#pieces = []
    this.#bytes = 0
    await this.#reply.write(Buffer.concat(pieces))
  }
}
