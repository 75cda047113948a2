import { isPouchError, PouchError } from '@pouch/errors'
import type { Response } from 'node-fetch'
import type { RequestWatch } from './request-watch.js'

/** An answer. Its body is read once, or discarded. */
export class RegistryResponse {
  readonly status: number
  readonly url: URL
  readonly #response: Response
  readonly #watch: RequestWatch

  constructor(response: Response, url: URL, watch: RequestWatch) {
    this.status = response.status
    this.url = url
    this.#response = response
    this.#watch = watch
  }

  header(name: string): string | undefined {
    return this.#response.headers.get(name) ?? undefined
  }

  /** The body as it comes. @throws PouchError `unavailable` when it breaks off */
  async *chunks(): AsyncIterable<Uint8Array> {
    let isRead = false
    try {
      this.#watch.start()
      for await (const chunk of this.#response.body ?? []) {
        this.#watch.pause()
        yield chunk as Uint8Array
        this.#watch.start()
      }
      isRead = true
    } catch (error) {
      throw isPouchError(error) ? error : this.#watch.failure(error)
    } finally {
      this.#watch.end(isRead)
    }
  }

  /** A small body. @throws PouchError `exhausted` when it is larger than `maxBytes` */
  async bytes(maxBytes: number): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of this.chunks()) {
      length += chunk.byteLength
      if (length > maxBytes) {
        throw new PouchError(
          'exhausted',
          `${this.url.host} sent more than ${maxBytes} bytes where a document was asked for`,
          {
            op: 'image.pull',
            subject: this.url.host,
          },
        )
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, length)
  }

  /** Closes the connection without reading the body. */
  discard(): void {
    this.#watch.end()
  }
}
