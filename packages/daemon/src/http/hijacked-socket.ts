import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex, Writable } from 'node:stream'
import { frameHeader, type StreamName, streamTypes } from '@pouch/api'
import { PouchError } from '@pouch/errors'

/** How long a client may take to close after the last byte, and to send a body that it announced. */
const patienceMs = 10_000

/** A connection that was taken from HTTP: first it is answered, then it carries bytes both ways. */
export class HijackedSocket {
  readonly #socket: Duplex
  readonly #headers: IncomingHttpHeaders
  readonly #gone = new AbortController()

  /**
   * @param request whose headers have been read
   * @param socket its connection
   * @param head what came behind the headers already
   */
  constructor(request: IncomingMessage, socket: Duplex, head: Uint8Array) {
    this.#socket = socket
    this.#headers = request.headers
    // A client that vanishes shows here; the signal tells those who write.
    socket.on('error', () => this.#gone.abort())
    socket.on('close', () => this.#gone.abort())
    if (head.byteLength > 0) socket.unshift(head)
  }

  /** Fires when the connection is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  /** The body that the headers announce. What follows it stays where it is: it is stdin. */
  async *body(): AsyncGenerator<Uint8Array> {
    if (this.#headers['transfer-encoding'] !== undefined) {
      yield* this.#chunks()
      return
    }
    const length = Number(this.#headers['content-length'] ?? 0)
    if (length > 0) yield await this.#read(length)
  }

  /** Answers that the connection is a stream from here on: 101 to a client that asked for an upgrade, else 200. */
  accept(options: {
    readonly framed: boolean
    readonly multiplexed: boolean
    readonly headers?: Readonly<Record<string, string>>
  }): void {
    const upgraded = this.#headers.upgrade !== undefined
    const type = upgraded && options.framed && options.multiplexed ? streamTypes.multiplexed : streamTypes.raw
    const lines = [upgraded ? 'HTTP/1.1 101 UPGRADED' : 'HTTP/1.1 200 OK', `Content-Type: ${type}`]
    if (upgraded) lines.push('Connection: Upgrade', 'Upgrade: tcp')
    this.#socket.write(headOf(lines, options.headers))
  }

  /** Answers with a whole reply and closes. */
  reply(status: number, type: string | undefined, body: string, headers: Readonly<Record<string, string>> = {}): void {
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`]
    if (type !== undefined) lines.push(`Content-Type: ${type}`)
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close')
    this.#socket.write(headOf(lines, headers) + body)
    this.end()
  }

  /** Sends bytes, in a frame unless `stream` is `undefined`, and waits while the client is slower than this side. */
  async send(stream: StreamName | undefined, data: Uint8Array): Promise<void> {
    if (this.signal.aborted || this.#socket.writableEnded || data.byteLength === 0) return
    this.#socket.cork()
    if (stream !== undefined) this.#socket.write(frameHeader(stream, data.byteLength))
    const more = this.#socket.write(data)
    this.#socket.uncork()
    if (!more) await this.#drained()
  }

  /** Passes what the client sends on to `stdin`, and the client's half-close as its end. */
  feed(stdin: Writable): void {
    this.#socket.on('data', (data: Uint8Array) => {
      if (stdin.writable && !stdin.write(data)) this.#socket.pause()
    })
    stdin.on('drain', () => this.#socket.resume())
    // The process is free to close its stdin; what comes after that is dropped.
    stdin.on('error', () => this.#socket.resume())
    stdin.on('close', () => this.#socket.resume())
    this.#socket.on('end', () => stdin.end())
    this.#socket.on('close', () => stdin.end())
    if (this.#socket.readableEnded) stdin.end()
    this.#socket.resume()
  }

  /** Drops what the client sends. */
  ignoreInput(): void {
    this.#socket.resume()
  }

  /** Says that no more will come, and closes once the client has or its patience ends. */
  end(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    socket.end()
    // Unread input would make the kernel reset the connection and take the last output with it.
    socket.resume()
    if (socket.readableEnded) {
      socket.once('finish', () => socket.destroy())
      return
    }
    const timer = setTimeout(() => socket.destroy(), patienceMs)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
    socket.once('end', () => socket.destroy())
  }

  async #drained(): Promise<void> {
    const left = new AbortController()
    try {
      await Promise.race([
        once(this.#socket, 'drain', { signal: left.signal }),
        once(this.#socket, 'close', { signal: left.signal }),
      ])
    } catch (error) {
      if (!this.signal.aborted) throw error
    } finally {
      left.abort()
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16)
      if (!(size >= 0)) throw truncated('a chunk of the body has no length')
      if (size > 0) yield await this.#read(size)
      if ((await this.#line()) !== '') throw truncated('a chunk of the body is longer than it says')
      if (size === 0) return
    }
  }

  async #line(): Promise<string> {
    let line = ''
    while (!line.endsWith('\r\n')) {
      if (line.length > 256) throw truncated('a chunk of the body has no length')
      line += (await this.#read(1)).toString('latin1')
    }
    return line.slice(0, -2)
  }

  async #read(length: number): Promise<Buffer> {
    const deadline = AbortSignal.any([AbortSignal.timeout(patienceMs), this.signal])
    const chunks: Buffer[] = []
    let missing = length
    while (missing > 0) {
      // Without a length: asked for more than there is, a stream says "readable" for what it has, again and again.
      const chunk = this.#socket.read() as Buffer | null
      if (chunk === null) {
        if (this.#socket.readableEnded) throw truncated('the body is shorter than it says')
        await this.#readable(deadline)
        continue
      }
      chunks.push(chunk.subarray(0, missing))
      if (chunk.byteLength > missing) this.#socket.unshift(chunk.subarray(missing))
      missing -= Math.min(missing, chunk.byteLength)
    }
    return Buffer.concat(chunks)
  }

  async #readable(deadline: AbortSignal): Promise<void> {
    const step = new AbortController()
    const signal = AbortSignal.any([deadline, step.signal])
    try {
      await Promise.race([once(this.#socket, 'readable', { signal }), once(this.#socket, 'end', { signal })])
    } catch (error) {
      throw truncated('the body did not arrive in time', error)
    } finally {
      step.abort()
    }
  }
}

function headOf(lines: readonly string[], headers: Readonly<Record<string, string>> = {}): string {
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${[...lines, ...more].join('\r\n')}\r\n\r\n`
}

function truncated(why: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', why, { op: 'http.body', cause })
}
