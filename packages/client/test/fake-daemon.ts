import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PouchClient, type PouchClientOptions } from '../src/index.js'

/** A request as the daemon saw it. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a test makes the daemon do with a request other than the ping. */
export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** What a test makes the daemon do with a connection that is to be a stream. */
export type UpgradeAnswer = (socket: Socket, head: Buffer, request: IncomingMessage) => void

/** A real HTTP server on a socket of its own, which can be made to misbehave on the wire. */
export class FakeDaemon {
  readonly seen: SeenRequest[] = []
  readonly sockets = new Set<Socket>()
  receivedBytes = 0
  apiVersion: string | undefined = '1.43'
  answer: Answer = (_, response) => response.end('{}')
  /** Instead of reading the body first: what the daemon does with a request as soon as its head is there. */
  onRequest: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  onUpgrade: UpgradeAnswer = (socket) => socket.destroy()
  readonly #directory: string
  readonly #server: Server
  #second: Server | undefined

  private constructor(directory: string) {
    this.#directory = directory
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => this.#handle(request, response))
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => this.sockets.delete(socket))
    })
    this.#server.on('upgrade', (request, socket: Socket, head) => this.onUpgrade(socket, head, request))
  }

  static async start(): Promise<FakeDaemon> {
    const daemon = new FakeDaemon(await mkdtemp(join(tmpdir(), 'pouch-client-')))
    await new Promise<void>((resolve) => daemon.#server.listen(daemon.path, resolve))
    return daemon
  }

  get path(): string {
    return join(this.#directory, 'd.sock')
  }

  /** Listens on a port too: there, connections are kept. */
  async listenOnTcp(): Promise<string> {
    const second = createServer((request, response) => this.#handle(request, response))
    this.#second = second
    second.on('connection', (socket) => {
      this.sockets.add(socket)
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => second.listen(0, '127.0.0.1', resolve))
    return `tcp://127.0.0.1:${(second.address() as AddressInfo).port}`
  }

  client(options: PouchClientOptions = {}): PouchClient {
    return new PouchClient({ host: `unix://${this.path}`, ...options })
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    this.#second?.close()
    await rm(this.#directory, { recursive: true, force: true })
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.onRequest !== undefined) {
      this.onRequest(request, response)
      return
    }
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => {
      this.receivedBytes += part.byteLength
      parts.push(part)
    })
    request.on('end', () => {
      const body = Buffer.concat(parts).toString()
      const { method = '', url = '', headers } = request
      this.seen.push({ method, url, headers, body })
      if (url !== '/_ping') return this.answer(request, response, body)
      if (this.apiVersion !== undefined) response.setHeader('Api-Version', this.apiVersion)
      response.end(method === 'GET' ? 'OK' : undefined)
    })
  }
}
