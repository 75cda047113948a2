import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** A reply that is written piece by piece. Its headers are on their way at once. */
export class StreamReply {
  readonly #response: ServerResponse

  /**
   * @param response untouched so far
   * @param type the content type; `undefined` for none
   * @param status of a success
   */
  constructor(response: ServerResponse, type: string | undefined, status = 200) {
    this.#response = response
    response.statusCode = status
    if (type !== undefined) response.setHeader('content-type', type)
    response.flushHeaders()
    // What a client that went away makes of the socket is seen as the call's signal.
    response.on('error', () => {})
  }

  /** Whether nothing more can be written. */
  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded
  }

  /** Writes, and waits while the client is slower than this side. */
  async write(data: Uint8Array | string): Promise<void> {
    if (this.closed || this.#response.write(data)) return
    const left = new AbortController()
    const { signal } = left
    try {
      await Promise.race([once(this.#response, 'drain', { signal }), once(this.#response, 'close', { signal })])
    } finally {
      left.abort()
    }
  }

  /** Writes an object as one line of JSON, and its end as Docker has it there. */
  json(value: unknown, end: '\n' | '\r\n' = '\n'): Promise<void> {
    return this.write(JSON.stringify(value) + end)
  }

  end(data?: string): void {
    if (!this.closed) this.#response.end(data)
  }

  /** Breaks the connection off, so that the client does not take what it has for the whole. */
  destroy(): void {
    this.#response.destroy()
  }
}
