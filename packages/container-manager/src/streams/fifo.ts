import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { mkfifo } from '@pouch/mount'

const nonblocking = constants.O_NONBLOCK | constants.O_NOFOLLOW

/**
 * The reading end of a FIFO that a process writes into. A second descriptor keeps it from ending before the writer has come;
 * after {@link FifoReader.release} it ends when the last writer goes and everything was read.
 */
export class FifoReader {
  readonly socket: Socket
  #keeper: number | undefined

  private constructor(path: string) {
    this.#keeper = openSync(path, constants.O_RDWR | nonblocking)
    const fd = openSync(path, constants.O_RDONLY | nonblocking)
    this.socket = new Socket({ fd, readable: true, writable: false })
    this.socket.pause()
  }

  /** Makes the FIFO and opens it. */
  static async create(path: string): Promise<FifoReader> {
    await mkfifo(path, 0o600)
    return new FifoReader(path)
  }

  /** Opens a FIFO that is there. */
  static open(path: string): FifoReader {
    return new FifoReader(path)
  }

  release(): void {
    if (this.#keeper === undefined) return
    closeSync(this.#keeper)
    this.#keeper = undefined
  }

  close(): void {
    this.release()
    this.socket.destroy()
  }
}

/** The writing end of a FIFO that a process reads from. Opened for reading too, so that it does not need the process to be there. */
export class FifoWriter {
  readonly #socket: Socket
  #failure: Error | undefined

  private constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true })
    this.#socket.on('error', (error) => {
      this.#failure = error
    })
  }

  static async create(path: string): Promise<FifoWriter> {
    await mkfifo(path, 0o600)
    return new FifoWriter(openSync(path, constants.O_RDWR | nonblocking))
  }

  /** Opens the FIFO of a process that runs. @returns `undefined` when the process reads no more */
  static open(path: string): FifoWriter | undefined {
    let probe: number
    try {
      probe = openSync(path, constants.O_WRONLY | nonblocking)
    } catch (error) {
      const errno = (error as NodeJS.ErrnoException).code
      if (errno === 'ENXIO' || errno === 'ENOENT') return undefined
      throw error
    }
    return new FifoWriter(probe)
  }

  /** Resolves when the FIFO has taken the bytes. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Closes it once everything was taken. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve())
      if (this.#socket.destroyed) resolve()
      else this.#socket.end(() => this.#socket.destroy())
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
