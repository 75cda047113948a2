import type { IncomingMessage, ServerResponse } from 'node:http'
import { apiVersion, assertVersion } from '@pouch/api'
import type { Route } from '@pouch/api/schemas'
import { PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core/driver'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import { daemonVersion } from '../version.js'
import { isStillSending, replyEarly } from './early-reply.js'
import { logFailure } from './failure-log.js'
import { readJsonBody } from './json-body.js'
import { type LaxSchema, readLax } from './lax-json.js'
import { Query } from './query.js'
import { EmptyReply, type Handler, JsonText, type RouteCall, sent } from './route.js'
import { errorBody, pageNotFound, statusOf } from './status-error.js'
import { StreamReply } from './stream-reply.js'
import { type Target, targetOf } from './target.js'

/** A route and what it does. */
export interface BoundRoute {
  readonly route: Pick<Route, 'method' | 'path' | 'body' | 'replies'>
  readonly handler: Handler
}

/** What an {@link App} serves, and how. */
export interface AppOptions {
  readonly routes: readonly BoundRoute[]
  readonly log: Logger
  /** Fires when the daemon goes down: replies without an end of their own are ended. */
  readonly shutdown: AbortSignal
}

/** A route as the router keeps it. */
interface Served {
  readonly handler: Handler
  readonly schema: LaxSchema | undefined
  /** The status of a success. */
  readonly status: number
}

/** A request whose route is known. */
interface Found {
  readonly served: Served
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
}

const longestParameter = 8192
const jsonType = 'application/json'
/** Characters that are gathered for one write. */
const writeLength = 32_768

/** Headers that every reply of a route has. */
export const commonHeaders: Readonly<Record<string, string>> = Object.freeze({
  'api-version': apiVersion,
  'docker-experimental': 'false',
  ostype: 'linux',
  server: `Pouch/${daemonVersion} (linux)`,
})

/** The HTTP application: a router over a table of routes. It listens to nothing by itself. */
export class App {
  readonly #router = findMyWay({ maxParamLength: longestParameter })
  readonly #log: Logger
  readonly #shutdown: AbortSignal

  constructor({ routes, log, shutdown }: AppOptions) {
    this.#log = log
    this.#shutdown = shutdown
    for (const { route, handler } of routes) {
      const served: Served = { handler, schema: route.body as LaxSchema | undefined, status: successOf(route) }
      this.#router.on(route.method as HTTPMethod, route.path.replaceAll(/\{(\w+)\}/g, ':$1'), unused, served)
    }
  }

  /** Serves one request. What goes wrong is told to the client, and to the log when it is a failure of ours. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now()
    response.once('close', () => this.#logRequest(request, response, performance.now() - began))
    try {
      const target = targetOf(request)
      if (target.redirect === undefined) await this.#answer(target, request, response)
      else response.writeHead(301, { location: target.redirect, 'content-length': 0 }).end()
    } catch (thrown) {
      this.#sendError(request, response, PouchError.from(thrown, { op: 'http.request' }))
    }
  }

  async #answer(target: Target, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = this.#find(request.method ?? 'GET', target.path)
    if (found === undefined) return sendUnknown(request, response)
    const version = target.version ?? apiVersion
    assertVersion(version)
    const { served } = found
    const value = served.schema === undefined ? undefined : await readJsonBody(request, request.headers)
    const result = await served.handler(new Call(found, version, value, request, response, this.#shutdown))
    if (result instanceof JsonText) await sendPieces(served.status, response, result)
    else if (result !== sent) sendResult(served.status, response, result)
  }

  #find(method: string, path: string): Found | undefined {
    const found = this.#router.find(method as HTTPMethod, path)
    if (found === null) return undefined
    const { store, params, searchParams } = found
    return {
      served: store as Served,
      params: params as Record<string, string>,
      query: new Query(searchParams as Record<string, string | string[]>),
    }
  }

  #sendError(request: IncomingMessage, response: ServerResponse, error: PouchError): void {
    const status = statusOf(error)
    logFailure(this.#log, error, status)
    if (response.headersSent) {
      response.destroy()
      return
    }
    const body = errorBody(error)
    if (!isStillSending(request)) {
      sendText(status, response, body)
      return
    }
    addCommonHeaders(response)
    response.statusCode = status
    replyEarly(request, response, jsonType, Buffer.from(body))
  }

  #logRequest({ method, url = '' }: IncomingMessage, { statusCode }: ServerResponse, ms: number): void {
    this.#log.debug({ method, path: url.split('?', 1)[0], status: statusCode, ms: Math.round(ms * 10) / 10 }, 'request')
  }
}

/** What a handler is given. The costly parts are made when they are asked for. */
class Call implements RouteCall {
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: unknown
  readonly #response: ServerResponse
  readonly #shutdown: AbortSignal
  #signal: AbortSignal | undefined

  constructor(
    { served, params, query }: Found,
    readonly version: string,
    value: unknown,
    readonly request: IncomingMessage,
    response: ServerResponse,
    shutdown: AbortSignal,
  ) {
    this.params = params
    this.query = query
    this.body =
      served.schema === undefined || value === undefined || value === null ? value : readLax(served.schema, value)
    this.#response = response
    this.#shutdown = shutdown
  }

  /** Has the headers of every reply, for the handler that writes its own. */
  get response(): ServerResponse {
    addCommonHeaders(this.#response)
    return this.#response
  }

  get signal(): AbortSignal {
    this.#signal ??= clientSignal(this.#response, this.#shutdown)
    return this.#signal
  }
}

function clientSignal(response: ServerResponse, shutdown: AbortSignal): AbortSignal {
  const gone = new AbortController()
  if (response.destroyed) gone.abort()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return AbortSignal.any([gone.signal, shutdown])
}

/** Docker's router answers without the headers of its routes. */
function sendUnknown(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'OPTIONS') response.writeHead(200, { 'content-length': 0 }).end()
  else sendText(404, response, errorBody(pageNotFound()), {})
}

function addCommonHeaders(response: ServerResponse): void {
  if (response.headersSent || response.hasHeader('api-version')) return
  for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value)
}

function successOf(route: BoundRoute['route']): number {
  return Number(Object.keys(route.replies).find((status) => status.startsWith('2')) ?? 200)
}

function sendResult(status: number, response: ServerResponse, result: unknown): void {
  if (result instanceof EmptyReply) sendEmpty(result.status, response)
  else if (result === undefined) sendEmpty(status, response)
  else sendText(status, response, `${JSON.stringify(result)}\n`)
}

/** What is longer than one write goes out as it is made, so that a long list is never in memory as one text. */
async function sendPieces(status: number, response: ServerResponse, { pieces }: JsonText): Promise<void> {
  let text = ''
  let reply: StreamReply | undefined
  for (const piece of pieces) {
    text += piece
    if (text.length < writeLength) continue
    if (reply === undefined) {
      addCommonHeaders(response)
      reply = new StreamReply(response, jsonType, status)
    }
    await reply.write(text)
    if (reply.closed) return
    text = ''
  }
  if (reply === undefined) sendText(status, response, `${text}\n`)
  else reply.end(`${text}\n`)
}

function sendEmpty(status: number, response: ServerResponse): void {
  const length = status === 204 || status === 304 ? {} : { 'content-length': 0 }
  response.writeHead(status, { ...commonHeaders, ...length }).end()
}

function sendText(status: number, response: ServerResponse, text: string, common = commonHeaders): void {
  const headers = { ...common, 'content-type': jsonType, 'content-length': Buffer.byteLength(text) }
  response.writeHead(status, headers).end(text)
}

function unused(): void {
  // The router is asked for routes, and calls none.
}
