import type { ServerResponse } from 'node:http'
import { frameHeader, type StreamName, streamTypes } from '@pouch/api'
import { PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core'
import { sent } from '../http/route.js'
import { errorBody } from '../http/status-error.js'
import { StreamReply } from '../http/stream-reply.js'

const types = { gzip: 'application/gzip', zstd: 'application/zstd' } as const

/** What an archive is sent as. */
export interface ArchiveReplyOptions {
  /** For the log. */
  readonly volume: string
  readonly compress: keyof typeof types | undefined
  /** Whether warnings and a failure have frames of their own beside the archive. */
  readonly framed: boolean
  readonly log: Logger
}

/**
 * A reply that is an archive. Its status is open until the first bytes: what fails before is an ordinary error. A failure after that
 * is a frame, or without frames a connection that breaks off, so that nobody takes a part for the whole.
 */
export class ArchiveReply {
  readonly #response: ServerResponse
  readonly #options: ArchiveReplyOptions
  readonly #warnings: string[] = []
  #stream: StreamReply | undefined

  constructor(response: ServerResponse, options: ArchiveReplyOptions) {
    this.#response = response
    this.#options = options
  }

  /** Tells what the archive lacks: the client, as far as it understands, and the log. */
  readonly warn = (message: string): void => {
    this.#options.log.info({ volume: this.#options.volume }, message)
    if (this.#options.framed) this.#warnings.push(message)
  }

  /** Sends all of it, at the client's pace. @throws what fails before the first bytes */
  async send(archive: AsyncIterable<Uint8Array>): Promise<typeof sent> {
    try {
      for await (const chunk of archive) {
        const stream = this.#open()
        await this.#tellWarnings(stream)
        await this.#sendChunk(stream, chunk)
        if (stream.closed) return sent
      }
      const stream = this.#open()
      await this.#tellWarnings(stream)
      stream.end()
    } catch (error) {
      if (this.#stream === undefined) throw error
      await this.#breakOff(this.#stream, PouchError.from(error, { op: 'volume.export' }))
    }
    return sent
  }

  /** The chunk is written over once the next one is asked for: by then all of it has left for the client, who may be slow. */
  async #sendChunk(stream: StreamReply, chunk: Uint8Array): Promise<void> {
    if (stream.closed) return
    const response = this.#response
    if (this.#options.framed) response.write(frameHeader('stdout', chunk.byteLength))
    await new Promise<void>((resolve) => {
      const done = () => {
        response.off('close', done)
        resolve()
      }
      response.once('close', done)
      response.write(chunk, done)
    })
  }

  #open(): StreamReply {
    const { compress, framed } = this.#options
    const plain = compress === undefined ? 'application/x-tar' : types[compress]
    this.#stream ??= new StreamReply(this.#response, framed ? streamTypes.multiplexed : plain)
    return this.#stream
  }

  async #tellWarnings(stream: StreamReply): Promise<void> {
    for (const message of this.#warnings.splice(0)) {
      await this.#write(stream, 'stderr', Buffer.from(`${JSON.stringify(message)}\n`))
    }
  }

  async #breakOff(stream: StreamReply, error: PouchError): Promise<void> {
    const { log, volume, framed } = this.#options
    log.warn({ err: error, volume }, 'an export broke off')
    if (!framed) return stream.destroy()
    await this.#write(stream, 'error', Buffer.from(errorBody(error)))
    stream.end()
  }

  async #write(stream: StreamReply, name: StreamName, data: Uint8Array): Promise<void> {
    if (this.#options.framed) await stream.write(frameHeader(name, data.byteLength))
    await stream.write(data)
  }
}
