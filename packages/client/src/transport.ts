import { buildPath, compareVersions, encodeQuery, negotiateVersion, type QueryInput } from '@pouch/api'
import { abortError, type PouchError, throwIfAborted } from '@pouch/errors'
import fetch, { type Response } from 'node-fetch'
import type { Connection } from './connection.js'
import { errnoOf, type RequestContext, replyError, streamError, transportError } from './failures.js'
import { jsonLines } from './json-lines.js'
import { openUpgrade, type Upgraded } from './upgrade.js'
import { Upload } from './upload.js'

/** Options of every call. */
export interface Call {
  /** Ends the call. What was asked may have been done. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the daemon has to have answered; the client's `timeoutMs` unless given, 0 is for ever. */
  readonly timeoutMs?: number | undefined
}

/** A request, before it has a version and a connection. */
export interface Request {
  readonly op: string
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE'
  /** A path with `{name}` parameters. */
  readonly path: string
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, QueryInput>>
  readonly body?: unknown
  /** A body that is sent as it comes. */
  readonly upload?: AsyncIterable<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
  /** For answers that take as long as they take: waits and streams. */
  readonly unbounded?: boolean
  readonly call?: Call | undefined
}

const pingTimeoutMs = 30_000
const staleErrnos: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED'])

/** Sends requests to one daemon, in the version that both sides speak. */
export class Transport {
  readonly #connection: Connection
  readonly #timeoutMs: number
  #version: Promise<string> | undefined

  constructor(connection: Connection, timeoutMs: number, version: string | undefined) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
    this.#version = version === undefined ? undefined : Promise.resolve(version)
  }

  /** The version of Docker's API that is spoken, found out with the first call. A failure is not kept. */
  version(call?: Call): Promise<string> {
    this.#version ??= this.#negotiate().catch((error: unknown) => {
      this.#version = undefined
      throw error
    })
    return orAborted(this.#version, call?.signal)
  }

  /** Whether the spoken version is at least this one. */
  async speaks(version: string, call?: Call): Promise<boolean> {
    return compareVersions(await this.version(call), version) >= 0
  }

  /** The reply's JSON. */
  async json<T>(request: Request): Promise<T> {
    const { response, context } = await this.send(request)
    try {
      return (await response.json()) as T
    } catch (error) {
      throw streamError(error, context)
    }
  }

  /** The reply's status, once its body, which tells nothing, has been read. */
  async done(request: Request): Promise<number> {
    const { response, context } = await this.send(request)
    try {
      await response.arrayBuffer()
    } catch (error) {
      throw streamError(error, context)
    }
    return response.status
  }

  /** The objects of a reply that is a stream of them. Leaving the loop ends the request. */
  async *lines<T>(request: Request): AsyncGenerator<T> {
    const { response, context } = await this.send({ ...request, unbounded: true })
    yield* jsonLines<T>(readBody(response, context), request.op)
  }

  /** The bytes of a reply, and its content type. Leaving the loop ends the request. */
  async bytes(request: Request): Promise<{ readonly type: string; readonly chunks: AsyncIterable<Uint8Array> }> {
    const { response, context } = await this.send({ ...request, unbounded: true })
    return { type: response.headers.get('content-type') ?? '', chunks: readBody(response, context) }
  }

  /** The bytes of a reply, and what ends the request at any time. */
  async download(request: Request): Promise<{ readonly chunks: AsyncGenerator<Uint8Array>; stop(): void }> {
    const left = new AbortController()
    const { signal } = request.call ?? {}
    const either = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal])
    const { response, context } = await this.send({
      ...request,
      unbounded: true,
      call: { ...request.call, signal: either },
    })
    return { chunks: readBody(response, context), stop: () => left.abort() }
  }

  /** Turns a request into a stream that goes both ways. */
  async upgrade(request: Request): Promise<Upgraded> {
    const context = this.#context(request)
    throwIfAborted(context.signal, { op: request.op })
    const path = await this.#pathOf(request)
    return openUpgrade(this.#connection, path, request.body, context)
  }

  /** The reply once its head is there. @throws PouchError what a reply of 400 and up stands for */
  async send(request: Request): Promise<{ readonly response: Response; readonly context: RequestContext }> {
    const context = this.#context(request)
    throwIfAborted(context.signal, { op: request.op })
    const path = await this.#pathOf(request)
    const upload = request.upload === undefined ? undefined : new Upload(request.upload, request.op)
    const response = await this.#fetch(request, path, context, upload)
    if (response.status < 400) return { response, context }
    const error = await errorOfReply(response, context)
    // The daemon wants no more of it.
    upload?.stop()
    throw error
  }

  async #fetch(request: Request, path: string, context: RequestContext, upload?: Upload): Promise<Response> {
    try {
      return await this.#fetchOnce(request, path, context, upload)
    } catch (error) {
      if (upload?.failure !== undefined) throw upload.failure
      const isStale = context.repeatable && staleErrnos.has(errnoOf(error) ?? '')
      if (!isStale || context.signal?.aborted === true) throw transportError(error, context)
    }
    // The daemon had dropped the kept connection, most likely: once more, on a new one.
    return this.#fetchOnce(request, path, context, undefined).catch((error: unknown) => {
      throw transportError(error, context)
    })
  }

  #fetchOnce(request: Request, path: string, context: RequestContext, upload: Upload | undefined): Promise<Response> {
    const text = request.body === undefined ? undefined : JSON.stringify(request.body)
    const type = upload === undefined ? (text === undefined ? undefined : 'application/json') : 'application/x-tar'
    return fetch(`${this.#connection.origin}${path}`, {
      method: request.method,
      headers: {
        'user-agent': 'pouch-client',
        ...(type === undefined ? {} : { 'content-type': type }),
        ...request.headers,
      },
      body: upload?.stream ?? text ?? null,
      agent: this.#connection.agentFor(context.repeatable),
      redirect: 'error',
      compress: false,
      signal: context.signal ?? null,
    })
  }

  #context(request: Request): RequestContext {
    const { signal } = request.call ?? {}
    const timeoutMs =
      request.unbounded === true ? (request.call?.timeoutMs ?? 0) : (request.call?.timeoutMs ?? this.#timeoutMs)
    const deadline = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined
    const signals = [signal, deadline].filter((one) => one !== undefined)
    const repeatable = request.method === 'GET' || request.method === 'HEAD'
    const both = signals.length > 1 ? AbortSignal.any(signals) : signals[0]
    return { op: request.op, address: this.#connection.address, signal: both, repeatable }
  }

  async #pathOf(request: Request): Promise<string> {
    const path = buildPath(request.path, request.params) + encodeQuery(request.query ?? {})
    return path.startsWith('/pouch/') ? path : `/v${await this.version(request.call)}${path}`
  }

  async #negotiate(): Promise<string> {
    for (const method of ['HEAD', 'GET'] as const) {
      const request: Request = { op: 'client.negotiate', method, path: '/_ping', call: { timeoutMs: pingTimeoutMs } }
      const context = this.#context(request)
      const response = await this.#fetch(request, '/_ping', context)
      if (response.status === 200) {
        await response.arrayBuffer()
        return negotiateVersion(response.headers.get('api-version') ?? undefined)
      }
      if (method === 'GET') throw await errorOfReply(response, context)
      await response.arrayBuffer()
    }
    throw new TypeError('unreachable: the second round returns or throws')
  }
}

/** What is shared by several callers goes on when one of them leaves. */
function orAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal, { op: 'client.negotiate' }))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

async function errorOfReply(response: Response, context: RequestContext): Promise<PouchError> {
  try {
    return replyError(response.status, await response.text(), context.op)
  } catch (error) {
    return streamError(error, context)
  }
}

async function* readBody(response: Response, context: RequestContext): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  try {
    yield* response.body as AsyncIterable<Uint8Array>
  } catch (error) {
    throw streamError(error, context)
  }
}
