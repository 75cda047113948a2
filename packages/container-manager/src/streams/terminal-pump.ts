import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../sources.js'
import type { FifoReader } from './fifo.js'

const retryMs = 1000

/** What a {@link TerminalPump} moves bytes between. */
export interface TerminalPumpOptions {
  readonly id: string
  readonly fifo: FifoReader
  /** The raw file that they end up in. */
  readonly path: string
  readonly log: Logger
  /** Whether so much waits in the raw file that the terminal is to be held. */
  readonly isFull: () => boolean
}

/**
 * Moves a terminal's output from its FIFO into the raw file that the log and the attached readers follow. Each chunk (64 KiB at
 * most) is written at once: a kill between reading and writing it loses that one chunk and no more. While the raw file is full
 * or the disk is, nothing is read, and the program in the terminal waits.
 */
export class TerminalPump {
  readonly #options: TerminalPumpOptions
  readonly #fd: number
  readonly #ended: Promise<void>

  constructor(options: TerminalPumpOptions) {
    this.#options = options
    this.#fd = openSync(
      options.path,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
    )
    const { socket } = options.fifo
    this.#ended = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', (error) => options.log.error({ err: error, container: options.id }, 'cannot read the terminal'))
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    // It was paused until now, and a listener alone does not set a paused stream going.
    socket.resume()
  }

  /** The writers have gone: resolves when everything that they wrote is in the raw file. */
  async finish(): Promise<void> {
    this.#options.fifo.release()
    this.#options.fifo.socket.resume()
    await this.#ended
    closeSync(this.#fd)
  }

  /** Stops at once; what is in the FIFO stays there. */
  async close(): Promise<void> {
    this.#options.fifo.close()
    await this.#ended
    closeSync(this.#fd)
  }

  /** Reads on after the raw file was full. */
  resume(): void {
    if (!this.#options.isFull()) this.#options.fifo.socket.resume()
  }

  #take(bytes: Buffer): void {
    const done = this.#append(bytes)
    if (done < bytes.length) void this.#retry(bytes.subarray(done))
    else if (this.#options.isFull()) this.#options.fifo.socket.pause()
  }

  #append(bytes: Buffer): number {
    let done = 0
    try {
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done)
    } catch (error) {
      this.#options.log.error(
        { err: error, container: this.#options.id },
        'cannot keep the terminal output; trying again',
      )
    }
    return done
  }

  async #retry(bytes: Buffer): Promise<void> {
    const { socket } = this.#options.fifo
    socket.pause()
    for (let rest = bytes; rest.length > 0 && !socket.destroyed; ) {
      await delay(retryMs)
      rest = rest.subarray(this.#append(rest))
    }
    socket.resume()
  }
}
