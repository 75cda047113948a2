import { Writable } from 'node:stream'
import { PouchError } from '@pouch/errors'
import type { FifoWriter } from './fifo.js'

/**
 * The one writer of a process's stdin. Attached clients write through {@link StdinPipe.writable}; their chunks go in one after
 * the other, each waiting until the process (or its pipe) has room.
 */
export class StdinPipe {
  readonly #fifo: FifoWriter
  /** The shim holds a writer of its own: it must be told too. */
  readonly #closeIO: () => Promise<void>
  readonly #onLost: (error: unknown) => void
  #tail: Promise<void> = Promise.resolve()
  #isClosed = false

  /** @param onLost told why the input of a client that has gone could not be ended: nobody else is left to hear it */
  constructor(fifo: FifoWriter, closeIO: () => Promise<void>, onLost: (error: unknown) => void) {
    this.#fifo = fifo
    this.#closeIO = closeIO
    this.#onLost = onLost
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  async write(bytes: Uint8Array): Promise<void> {
    const turn = this.#tail.then(() => this.#writeNow(bytes))
    // Its failure is told to whoever wrote; the next turn finds out for itself.
    this.#tail = turn.catch(() => undefined)
    await turn
  }

  /** Ends the process's stdin once all was taken. Repeated, it does nothing. */
  async end(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#tail
    await this.#fifo.end()
    await this.#closeIO()
  }

  /** Ends the process's stdin for a client that has gone. */
  abandon(): void {
    this.end().catch(this.#onLost)
  }

  /** The process is gone: what was not taken is dropped. */
  destroy(): void {
    this.#isClosed = true
    this.#fifo.destroy()
  }

  async #writeNow(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed)
      throw new PouchError('conflict', 'the stdin of the process is closed', { op: 'container.attach' })
    await this.#fifo.write(bytes)
  }
}

/** What a client's stdin stream is made of. */
export interface StdinStreamOptions {
  /** The pipe, once the process runs; `undefined` when it never will. */
  readonly pipe: Promise<StdinPipe | undefined>
  /** Whether the end of this stream is the end of the process's stdin. */
  readonly endsProcessInput: boolean
  /** Sees every chunk first. @returns what is to be sent, or `undefined` to send nothing more */
  readonly filter?: (bytes: Buffer) => Buffer | undefined
  readonly onEnd?: () => void
}

/** A stream into a process's stdin. What is written before the process runs waits in it, in bounded memory. */
export function stdinStream(options: StdinStreamOptions): Writable {
  const finish = async (): Promise<void> => {
    const pipe = await options.pipe
    if (options.endsProcessInput) await pipe?.end()
    options.onEnd?.()
  }
  const send = async (chunk: Buffer): Promise<void> => {
    const pipe = await options.pipe
    const bytes = options.filter === undefined ? chunk : options.filter(chunk)
    // A process that has ended takes no input, and its client is told by the end of the output.
    if (bytes !== undefined && bytes.length > 0 && pipe?.isClosed === false) await pipe.write(bytes)
  }
  const settle = (work: Promise<void>, callback: (error?: Error | null) => void): void => {
    work.then(
      () => callback(),
      (error: unknown) =>
        callback(PouchError.from(error, { op: 'container.attach', message: 'cannot write to stdin' })),
    )
  }
  return new Writable({
    write: (chunk: Buffer, _encoding, callback) => settle(send(chunk), callback),
    final: (callback) => settle(finish(), callback),
    destroy: (error, callback) => {
      // A pipe that never comes has nothing to end; whoever writes or waits for the run is told why.
      const noPipe = () => undefined
      if (options.endsProcessInput) void options.pipe.then((pipe) => pipe?.abandon(), noPipe)
      callback(error)
    },
  })
}
