import { apiVersion, assertVersion } from '@pouch/api'
import type { Route } from '@pouch/api/schemas'
import { isPouchError, PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core/driver'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { daemonVersion } from '../version.js'
import { isStillSending, replyEarly } from './early-reply.js'
import { logFailure } from './failure-log.js'
import { readJsonBody } from './json-body.js'
import { type LaxSchema, readLax } from './lax-json.js'
import { Query } from './query.js'
import { EmptyReply, type Handler, type RouteCall, sent } from './route.js'
import { errorBody, pageNotFound, statusOf } from './status-error.js'
import { targetOf } from './target.js'

/** A route and what it does. */
export interface BoundRoute {
  readonly route: Pick<Route, 'method' | 'path' | 'body' | 'replies'>
  readonly handler: Handler
}

/** What {@link createApp} serves, and how. */
export interface AppOptions {
  readonly routes: readonly BoundRoute[]
  readonly log: Logger
  /** Fires when the daemon goes down: replies without an end of their own are ended. */
  readonly shutdown: AbortSignal
}

const jsonType = 'application/json'

/** Headers that every reply of a route has. */
export const commonHeaders: Readonly<Record<string, string>> = Object.freeze({
  'api-version': apiVersion,
  'docker-experimental': 'false',
  ostype: 'linux',
  server: `Pouch/${daemonVersion} (linux)`,
})

/** The HTTP application: a router over a table of routes. It listens to nothing by itself; hand requests to `app.routing`. */
export function createApp({ routes, log, shutdown }: AppOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 8192 },
    rewriteUrl: (request) => targetOf(request).path,
    frameworkErrors: (error, _request, reply) => void sendError(reply, error, log),
  })
  // Bodies are read by the handlers' own rules: Docker's, or a stream.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', openRequest)
  app.addHook('onResponse', async (request, reply) => logRequest(log, request, reply))
  app.setErrorHandler((error, _request, reply) => sendError(reply, error, log))
  app.setNotFoundHandler((request, reply) => notFound(request, reply, log))
  for (const { route, handler } of routes) {
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: async (request, reply) => {
        const call = await openCall(route.body as LaxSchema | undefined, request, reply, shutdown)
        const result = await handler(call)
        return result === sent ? reply.hijack() : sendResult(successOf(route), reply, result)
      },
    })
  }
  return app
}

async function openRequest(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const { redirect } = targetOf(request.raw)
  if (redirect !== undefined) return reply.redirect(redirect, 301)
  if (request.is404) return undefined
  // On the response itself, so that a handler that writes its own reply has them too.
  for (const [name, value] of Object.entries(commonHeaders)) reply.raw.setHeader(name, value)
  assertVersion(versionOf(request))
  return undefined
}

const versionOf = (request: FastifyRequest): string => targetOf(request.raw).version ?? apiVersion

function notFound(request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  if (request.method === 'OPTIONS') return reply.code(200).send()
  return sendError(reply, pageNotFound(), log)
}

async function openCall(
  schema: LaxSchema | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
  shutdown: AbortSignal,
): Promise<RouteCall> {
  const value = schema === undefined ? undefined : await readJsonBody(request.raw, request.headers)
  return {
    params: request.params as Record<string, string>,
    query: new Query(request.query as Record<string, string | string[]>),
    body: schema === undefined || value === undefined || value === null ? value : readLax(schema, value),
    version: versionOf(request),
    request: request.raw,
    response: reply.raw,
    get signal() {
      return clientSignal(reply, shutdown)
    },
  }
}

function clientSignal(reply: FastifyReply, shutdown: AbortSignal): AbortSignal {
  const gone = new AbortController()
  if (reply.raw.destroyed) gone.abort()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return AbortSignal.any([gone.signal, shutdown])
}

function successOf(route: BoundRoute['route']): number {
  return Number(Object.keys(route.replies).find((status) => status.startsWith('2')) ?? 200)
}

function sendResult(status: number, reply: FastifyReply, result: unknown): FastifyReply {
  if (result instanceof EmptyReply) return reply.code(result.status).send()
  if (result === undefined) return reply.code(status).send()
  // As bytes, so that the framework leaves the content type as Docker has it.
  return reply
    .code(status)
    .header('content-type', jsonType)
    .send(Buffer.from(`${JSON.stringify(result)}\n`))
}

function sendError(reply: FastifyReply, thrown: unknown, log: Logger): FastifyReply {
  const error = isPouchError(thrown) ? thrown : fromFramework(thrown)
  const status = statusOf(error)
  logFailure(log, error, status)
  const body = Buffer.from(errorBody(error))
  reply.code(status)
  const { raw } = reply.request
  if (!isStillSending(raw)) return reply.header('content-type', jsonType).send(body)
  reply.hijack()
  reply.raw.statusCode = status
  replyEarly(raw, reply.raw, jsonType, body)
  return reply
}

function fromFramework(thrown: unknown): PouchError {
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode
  const isClients = typeof status === 'number' && status >= 400 && status < 500 && thrown instanceof Error
  if (isClients) return new PouchError('invalid-argument', thrown.message, { op: 'http.request', cause: thrown })
  return PouchError.from(thrown, { op: 'http.request' })
}

function logRequest(log: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const path = request.originalUrl.split('?', 1)[0] ?? ''
  const ms = Math.round(reply.elapsedTime * 10) / 10
  log.debug({ method: request.method, path, status: reply.statusCode, ms }, 'request')
}
