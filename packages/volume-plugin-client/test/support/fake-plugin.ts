import { mkdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'

/** A request as it came. */
export interface SeenRequest {
  readonly path: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

/** What a request is answered with instead of what a good plugin would answer. */
export type Fault = (request: SeenRequest, response: ServerResponse, socket: Socket) => void

interface Volume {
  readonly options: Record<string, string> | null
  /** How many Mounts have had no Unmount: plugins count, and do not look at the ID. */
  count: number
}

/** How a {@link FakePlugin} is. */
export interface FakePluginOptions {
  /** Where its volumes are. */
  readonly root: string
  /** `global`, or whatever a plugin may answer; `local` unless given. */
  readonly scope?: unknown
  /** `null` answers no error and no volume, as some plugins do; `error` is what most do. */
  readonly missing?: 'error' | 'null'
  /** Whether Get tells the mountpoint, which many do not. */
  readonly tells?: boolean
}

/**
 * A volume plugin that keeps directories, and counts mounts as a well-known plugin does: without looking at the ID, down to -1. What it knows
 * outlives a restart; faults are put into it for one request at a time.
 */
export class FakePlugin {
  readonly volumes = new Map<string, Volume>()
  readonly seen: SeenRequest[] = []
  readonly #options: FakePluginOptions
  readonly #faults = new Map<string, Fault[]>()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  constructor(options: FakePluginOptions) {
    this.#options = options
  }

  /** The methods that were called, without `VolumeDriver.`. */
  get calls(): string[] {
    return this.seen.map(({ path }) => path.replace(/^\/(?:VolumeDriver\.)?/, ''))
  }

  /** The IDs of the calls of a method. */
  ids(method: 'Mount' | 'Unmount'): string[] {
    return this.seen.filter(({ path }) => path === `/VolumeDriver.${method}`).map(({ body }) => JSON.parse(body).ID)
  }

  /** Puts a fault in the way of the next request of a method. */
  break(method: string, fault: Fault): void {
    const faults = this.#faults.get(method) ?? []
    this.#faults.set(method, [...faults, fault])
  }

  async listen(where: string | { readonly port: number; readonly tls?: object }): Promise<number> {
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response)
    const isTls = typeof where === 'object' && where.tls !== undefined
    const server = isTls ? createTlsServer({ ...where.tls }, listener) : createServer(listener)
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      if (typeof where === 'string') server.listen(where, resolve)
      else server.listen(where.port, '127.0.0.1', resolve)
    })
    return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port
  }

  /** Ends at once, as a process that is killed does. Its socket file stays. */
  async die(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const path = request.url ?? ''
    const seen = { path, body: Buffer.concat(chunks).toString(), headers: request.headers }
    this.seen.push(seen)
    const fault = this.#faults.get(path.replace(/^\/(?:VolumeDriver\.)?/, ''))?.shift()
    if (fault === undefined) this.#answer(seen, response)
    else fault(seen, response, request.socket)
  }

  /** Does what was asked, and answers it. Public for faults that do the work and spoil the answer. */
  work({ path, body }: SeenRequest): { readonly status: number; readonly answer: object } {
    const { Name: name = '', Opts: options = null } = body.trim() === '' ? {} : JSON.parse(body)
    switch (path) {
      case '/Plugin.Activate':
        return ok({ Implements: ['VolumeDriver'] })
      case '/VolumeDriver.Capabilities':
        return ok({ Capabilities: { Scope: this.#options.scope ?? 'local' } })
      case '/VolumeDriver.Create':
        return this.#create(name, options)
      case '/VolumeDriver.List':
        return ok({
          Volumes: this.volumes.size === 0 ? null : [...this.volumes.keys()].map((each) => this.#tell(each)),
        })
      case '/VolumeDriver.Get':
        if (!this.volumes.has(name) && this.#options.missing === 'null') return ok({ Volume: null })
        return this.#with(name, () => ok({ Volume: this.#tell(name) }))
      case '/VolumeDriver.Remove':
        return this.#with(name, (volume) => this.#remove(name, volume))
      case '/VolumeDriver.Mount':
        return this.#with(name, (volume) => {
          volume.count += 1
          return ok({ Mountpoint: this.pathOf(name) })
        })
      case '/VolumeDriver.Unmount':
        return this.#with(name, (volume) => {
          volume.count -= 1
          return volume.count < 0 ? failed(`volume ${name} is not mounted`) : ok({})
        })
      default:
        return { status: 404, answer: {} }
    }
  }

  #answer(seen: SeenRequest, response: ServerResponse): void {
    const { status, answer } = this.work(seen)
    if (status === 404) response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
    else response.writeHead(status, { 'content-type': pluginType }).end(`${JSON.stringify(answer)}\n`)
  }

  #create(name: string, options: Record<string, string> | null): { readonly status: number; readonly answer: object } {
    if (this.volumes.has(name)) return failed(`volume ${name} exists`)
    mkdirSync(this.pathOf(name), { recursive: true })
    this.volumes.set(name, { options, count: 0 })
    return ok({})
  }

  #remove(name: string, volume: Volume): { readonly status: number; readonly answer: object } {
    if (volume.count !== 0) return failed(`volume ${name} is in use`)
    rmSync(this.pathOf(name), { recursive: true })
    this.volumes.delete(name)
    return ok({})
  }

  #with(name: string, action: (volume: Volume) => { readonly status: number; readonly answer: object }) {
    const volume = this.volumes.get(name)
    return volume === undefined ? failed(`volume ${name} not found`) : action(volume)
  }

  #tell(name: string): object {
    const isMounted = (this.volumes.get(name)?.count ?? 0) > 0
    const isTold = isMounted && this.#options.tells !== false
    return { Name: name, Mountpoint: isTold ? this.pathOf(name) : '', CreatedAt: createdAt, Status: { shelf: 3 } }
  }

  /** Where it has a volume's content. */
  pathOf(name: string): string {
    return join(this.#options.root, name)
  }
}

/** When all its volumes were made. */
export const createdAt = '2026-02-03T04:05:06Z'

const pluginType = 'application/vnd.docker.plugins.v1.1+json'
const ok = (answer: object) => ({ status: 200, answer })
const failed = (text: string) => ({ status: 500, answer: { Err: text } })

/** Faults, for {@link FakePlugin.break}. */
export const faults = {
  /** The process dies with the request in hand. */
  hangUp: ((_, __, socket) => socket.destroy()) as Fault,
  /** Never answers. */
  hang: (() => undefined) as Fault,
  /** An error that nobody can work out. */
  fail: ((_, response) => response.writeHead(500).end('boom: the disk is on fire')) as Fault,
  /** Says 500 with an Err. */
  refuse: ((_, response) => response.writeHead(500).end('{"Err":"not today"}')) as Fault,
  /** Says 200 with an Err, as old plugins do. */
  refuseWith200: ((_, response) => response.end('{"Err":"not today","Mountpoint":"/somewhere"}')) as Fault,
  /** Something else listens there. */
  garbage: ((_, response) => response.end('<html>hello</html>')) as Fault,
  noObject: ((_, response) => response.end('["VolumeDriver"]')) as Fault,
  empty: ((_, response) => response.end('')) as Fault,
  /** Says how long its answer is, sends less, and is gone. */
  half: ((_, response, socket) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{"Mountpoint":')
    setTimeout(() => socket.destroy(), 20)
  }) as Fault,
  /** Half an answer of unknown length. */
  halfChunk: ((_, response, socket) => {
    response.writeHead(200)
    response.write('{"Volume":{"Name":')
    setTimeout(() => socket.destroy(), 20)
  }) as Fault,
  /** An answer without an end. */
  flood: ((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }) as Fault,
  /** A redirection to elsewhere. */
  redirect: ((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()) as Fault,
}

/** Answers with this instead. */
export const answer =
  (body: object, status = 200): Fault =>
  (_, response) =>
    response.writeHead(status).end(JSON.stringify(body))
