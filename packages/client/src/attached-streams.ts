import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { streamError } from './failures.js'
import { type OutputChunk, readOutput } from './output.js'
import type { Upgraded } from './upgrade.js'

/**
 * The streams of a container or of a command in one, over a connection of their own.
 *
 * `output` is read once; it ends when the process has, or when the daemon has let go (detach keys). Nothing is read ahead
 * of the reader but what the sockets hold, so a slow reader slows the process down. `stdin.end()` is the end of the
 * process's input; its output goes on. `close()` lets go of all: the process goes on without us.
 */
export class AttachedStreams {
  /** Whether a terminal is at the other end; then all output is `stdout`. */
  readonly tty: boolean
  /** What the process writes. */
  readonly output: AsyncIterable<OutputChunk>
  readonly #socket: Socket
  #isClosed = false

  constructor(upgraded: Upgraded, tty: boolean) {
    this.tty = tty
    this.#socket = upgraded.socket
    // A socket error comes out of whatever reads or writes; without a listener it would end the program.
    this.#socket.on('error', () => undefined)
    const { signal } = upgraded.context
    const abort = () => this.#socket.destroy(signal?.reason instanceof Error ? signal.reason : undefined)
    signal?.addEventListener('abort', abort, { once: true })
    this.#socket.once('close', () => signal?.removeEventListener('abort', abort))
    if (signal?.aborted === true) abort()
    this.output = readOutput(this.#read(upgraded), tty, upgraded.context.op)
  }

  /** The process's input. Writes go where nobody reads when it was not attached. */
  get stdin(): Writable {
    return this.#socket
  }

  /** Lets go of the streams. May be called twice. */
  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async *#read({ socket, context }: Upgraded): AsyncGenerator<Uint8Array> {
    try {
      yield* socket as AsyncIterable<Uint8Array>
    } catch (error) {
      if (!this.#isClosed) throw streamError(error, context)
    }
  }
}
