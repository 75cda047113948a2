import type { Socket } from 'node:net'
import type { OutputChunk } from '../container.js'
import { Pulse } from '../sync/pulse.js'

const highWaterBytes = 256 * 1024

/** The output of an exec: chunks of its streams as they come. While nobody takes them the process waits. */
export interface ExecOutput extends AsyncIterable<OutputChunk> {
  /** Nobody will take any more: what comes is dropped, so that the process does not wait for ever. */
  discard(): void
  /** Nothing more comes. */
  end(): void
  /** Resolves at the end of all streams, or when nothing has come for a while although there was room. */
  drained(idleMs: number): Promise<void>
}

/** Merges the reading ends of FIFOs. */
export function mergeOutput(
  ends: readonly { readonly stream: 'stdout' | 'stderr'; readonly socket: Socket }[],
): ExecOutput {
  return new MergedOutput(ends)
}

class MergedOutput implements ExecOutput {
  readonly #sockets: Socket[]
  readonly #pulse = new Pulse()
  #chunks: OutputChunk[] = []
  #bytes = 0
  #open: number
  #isDiscarded = false

  constructor(ends: readonly { readonly stream: 'stdout' | 'stderr'; readonly socket: Socket }[]) {
    this.#sockets = ends.map(({ socket }) => socket)
    this.#open = ends.length
    for (const { stream, socket } of ends) {
      socket.on('data', (data: Buffer) => this.#take({ stream, data }))
      socket.on('error', () => socket.destroy())
      socket.once('close', () => this.#closed())
      socket.resume()
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputChunk, void, undefined> {
    try {
      for (;;) {
        const seen = this.#pulse.count
        const chunks = this.#chunks
        this.#chunks = []
        this.#bytes = 0
        if (chunks.length > 0) this.#flow()
        yield* chunks
        if (this.#isDiscarded || (this.#open === 0 && this.#chunks.length === 0)) return
        if (this.#chunks.length === 0) await this.#pulse.after(seen)
      }
    } finally {
      this.discard()
    }
  }

  discard(): void {
    this.#isDiscarded = true
    this.#chunks = []
    this.#bytes = 0
    this.#flow()
    this.#pulse.beat()
  }

  end(): void {
    this.#open = 0
    this.#pulse.beat()
  }

  async drained(idleMs: number): Promise<void> {
    while (this.#open > 0) {
      const seen = this.#pulse.count
      const timeout = new AbortController()
      const timer = setTimeout(() => timeout.abort(), idleMs)
      await this.#pulse.after(seen, timeout.signal)
      clearTimeout(timer)
      // Held back by a slow client is not idle.
      if (this.#pulse.count === seen && this.#bytes < highWaterBytes) return
    }
  }

  #take(chunk: OutputChunk): void {
    if (!this.#isDiscarded) {
      this.#chunks.push(chunk)
      this.#bytes += chunk.data.length
      if (this.#bytes >= highWaterBytes) for (const socket of this.#sockets) socket.pause()
    }
    this.#pulse.beat()
  }

  #closed(): void {
    this.#open = Math.max(0, this.#open - 1)
    this.#pulse.beat()
  }

  #flow(): void {
    for (const socket of this.#sockets) if (!socket.destroyed) socket.resume()
  }
}
