import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ErrorCode, hasCode, PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core'
import { Arguments } from './arguments.js'
import { requestBody } from './request-body.js'
import type { Answer, Methods } from './volume-methods.js'
import { contentType } from './wire.js'

/** What Get may say: the volume is not there, or cannot be. */
const absent: readonly ErrorCode[] = ['not-found', 'invalid-argument']

/** One request and its answer. */
export class Exchange {
  readonly #methods: Methods
  readonly #log: Logger
  readonly #response: ServerResponse
  readonly #request: IncomingMessage
  readonly #method: string

  constructor(methods: Methods, log: Logger, request: IncomingMessage, response: ServerResponse) {
    this.#methods = methods
    this.#log = log
    this.#request = request
    this.#response = response
    this.#method = pathOf(request).slice(1)
  }

  /** Answers. Never rejects: what goes wrong is told to the client, and to the log. */
  async run(): Promise<void> {
    const gone = new AbortController()
    this.#response.once('close', () => gone.abort())
    try {
      await this.#run(gone.signal)
    } catch (error) {
      this.#log.error({ method: this.#method, err: error }, 'a request of a plugin client could not be ended')
      this.#response.destroy()
    }
  }

  async #run(gone: AbortSignal): Promise<void> {
    const method = this.#methods.get(this.#method)
    if (method === undefined)
      return await this.#refuse(404, `${JSON.stringify(this.#method)} is no method of a volume plugin`)
    if (this.#request.method !== 'POST') return await this.#refuse(405, 'every method of a volume plugin is a POST')
    let given: Arguments
    try {
      given = Arguments.parse(this.#method, await requestBody(this.#request))
    } catch (error) {
      return await this.#refuse(hasCode(error, 'exhausted') ? 413 : 400, PouchError.from(error).message)
    }
    this.#log.debug({ method: this.#method, ...given.shown }, 'a request of a plugin client')
    try {
      await this.#deliver(await method(given, gone))
    } catch (error) {
      await this.#fail(PouchError.from(error))
    }
  }

  async #deliver({ body, undo }: Answer): Promise<void> {
    if ((await this.#send(200, body)) || undo === undefined) return
    this.#log.info({ method: this.#method }, 'the client went before it could be answered: what was done is undone')
    await undo()
  }

  async #fail(error: PouchError): Promise<void> {
    const level = error.code === 'internal' || error.code === 'corrupt' ? 'error' : 'info'
    this.#log[level]({ method: this.#method, err: error }, 'a request of a plugin client failed')
    // Docker takes whatever Get answers but a volume for its absence, and forgets the volume with its labels. A lost connection it does
    // not: it asks again, and keeps the volume.
    if (this.#method === 'VolumeDriver.Get' && !absent.includes(error.code)) this.#response.destroy()
    else await this.#send(500, { Err: error.message })
  }

  async #refuse(status: number, text: string): Promise<void> {
    // What was not read of a body would be taken for the next request.
    this.#response.setHeader('connection', 'close')
    await this.#send(status, { Err: text })
  }

  /** @returns whether the answer was handed over */
  async #send(status: number, body: Readonly<Record<string, unknown>>): Promise<boolean> {
    const response = this.#response
    if (response.destroyed) return false
    const text = Buffer.from(`${JSON.stringify(body)}\n`)
    await new Promise<void>((resolve) => {
      response.once('close', resolve)
      response.writeHead(status, { 'content-type': contentType, 'content-length': text.length }).end(text, resolve)
    })
    return response.writableFinished
  }
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}
