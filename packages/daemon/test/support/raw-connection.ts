import { connect, type Socket } from 'node:net'

/** A connection that is driven byte by byte: what it gets is collected. */
export class RawConnection {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  readonly #ended: Promise<void>

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true })
    this.socket.on('data', (data) => this.#chunks.push(data))
    this.#ended = new Promise((resolve, reject) => {
      this.socket.on('end', resolve)
      this.socket.on('error', reject)
    })
    this.#ended.catch(() => {})
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** Resolves when what came satisfies the condition. */
  async until(condition: (received: Buffer) => boolean): Promise<Buffer> {
    while (!condition(this.received)) {
      await new Promise<void>((resolve, reject) => {
        const closed = () =>
          reject(new Error(`the connection ended with ${this.received.toString('latin1').slice(0, 500)}`))
        this.socket.once('data', () => {
          this.socket.removeListener('close', closed)
          resolve()
        })
        this.socket.once('close', closed)
      })
    }
    return this.received
  }

  /** All that came, once the other side has said that no more will. */
  async toEnd(): Promise<Buffer> {
    await this.#ended
    this.socket.end()
    return this.received
  }
}

/** What comes after the headers of a reply. */
export function bodyOf(reply: Buffer): Buffer {
  return reply.subarray(reply.indexOf('\r\n\r\n') + 4)
}

/** The headers of a reply, as lines. */
export function headOf(reply: Buffer): string[] {
  return reply.subarray(0, reply.indexOf('\r\n\r\n')).toString().split('\r\n')
}
