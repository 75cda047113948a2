import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { Duplex } from 'node:stream'
import { PouchError } from '@pouch/errors'
import { listenOnUnixSocket, type SocketAccess } from '@pouch/service'
import { ApiRequest } from './http/api-request.js'
import { RequestGuard } from './http/request-guard.js'
import { errorBody, statusOf } from './http/status-error.js'
import type { ListenAddress } from './listen-address.js'
import type { TlsFiles } from './tls-files.js'

/** What serves the requests of a {@link Listener}. */
export interface ListenerHandlers {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void
  /** An attach or exec start: the connection is handed over. */
  readonly hijack: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => void
}

/** How a {@link Listener} listens. */
export interface ListenerOptions {
  /** For tcp addresses; without it they are plain, which the caller has allowed. */
  readonly tls?: TlsFiles | undefined
}

const serverOptions = {
  IncomingMessage: ApiRequest,
  // An image may take longer than any fixed time to upload.
  requestTimeout: 0,
  headersTimeout: 60_000,
  keepAliveTimeout: 60_000,
  maxHeaderSize: 64 * 1024,
}

/** A server on one address. */
export class Listener {
  readonly #server: Server
  readonly #handlers: ListenerHandlers
  readonly #guard: RequestGuard
  readonly #hijacked = new Set<Duplex>()
  #inFlight = 0
  #draining: (() => void) | undefined
  #removeSocket: (() => void) | undefined

  constructor(
    readonly address: ListenAddress,
    options: ListenerOptions,
    handlers: ListenerHandlers,
  ) {
    this.#handlers = handlers
    this.#guard = new RequestGuard(address.kind === 'unix' ? undefined : ownHosts(address.host, options.tls))
    this.#server =
      address.kind === 'tcp' && options.tls !== undefined
        ? createHttpsServer({ ...serverOptions, ...options.tls.serverOptions() })
        : createHttpServer(serverOptions)
    this.#server.on('request', (request, response) => this.#serve(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#hijack(request, socket, head))
    this.#server.on('clientError', (_error, socket) => refuseGarbage(socket))
  }

  /** Begins to listen. @returns the address with the port that it got @throws PouchError */
  async open(access: SocketAccess): Promise<ListenAddress> {
    if (this.address.kind === 'unix') {
      this.#removeSocket = await listenOnUnixSocket(this.#server, this.address.path, { op: 'daemon.listen', access })
      return this.address
    }
    const { host, port } = this.address
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.removeListener('error', reject)
        resolve()
      })
    }).catch((error: unknown) => {
      throw PouchError.from(error, {
        message: `cannot listen on tcp://${host}:${port}`,
        op: 'daemon.listen',
        subject: host,
      })
    })
    return { kind: 'tcp', host, port: (this.#server.address() as AddressInfo).port }
  }

  /** Takes no more connections, lets the requests in flight end, and cuts what is left when the signal fires. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#removeSocket?.()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await this.#idle(deadline)
    this.#server.closeAllConnections()
    for (const socket of this.#hijacked) socket.destroy()
    await closed
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.#inFlight += 1
    response.once('close', () => {
      this.#inFlight -= 1
      this.#draining?.()
    })
    if (this.#draining !== undefined) response.setHeader('connection', 'close')
    const refusal = this.#guard.refusal(request)
    if (refusal === undefined) {
      this.#handlers.request(request, response)
      return
    }
    response
      .writeHead(statusOf(refusal), { 'content-type': 'application/json', connection: 'close' })
      .end(errorBody(refusal))
  }

  #hijack(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    this.#hijacked.add(socket)
    socket.once('close', () => {
      this.#hijacked.delete(socket)
      this.#draining?.()
    })
    const refusal = this.#guard.refusal(request)
    if (refusal === undefined) this.#handlers.hijack(request, socket, head)
    else refuse(socket, `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json`, errorBody(refusal))
  }

  async #idle(deadline: AbortSignal): Promise<void> {
    if (deadline.aborted) return
    await new Promise<void>((resolve) => {
      const check = () => {
        this.#server.closeIdleConnections()
        if (this.#inFlight === 0 && this.#hijacked.size === 0) resolve()
      }
      this.#draining = check
      deadline.addEventListener('abort', () => resolve(), { once: true })
      check()
    })
  }
}

function ownHosts(listenHost: string, tls: TlsFiles | undefined): (host: string) => boolean {
  const names = new Set([listenHost.toLowerCase(), 'localhost', '127.0.0.1', '::1', hostname().toLowerCase()])
  return (host) => names.has(host) || (tls !== undefined && isIP(host) === 0 && tls.isNamed(host))
}

function refuseGarbage(socket: Duplex): void {
  if (socket.destroyed || !socket.writable) return
  const error = new PouchError('invalid-argument', 'the request is not HTTP', { op: 'http.request' })
  refuse(socket, 'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json', errorBody(error))
}

function refuse(socket: Duplex, head: string, body: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`, () =>
    socket.destroy(),
  )
}
