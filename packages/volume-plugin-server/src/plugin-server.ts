import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PouchError } from '@pouch/errors'
import { listenOnUnixSocket } from '@pouch/service'
import type { Logger, VolumeEngine } from '@pouch/volume-core'
import { Exchange } from './exchange.js'
import { mountHolder } from './mount-holder.js'
import { silentLogger } from './silent-logger.js'
import { type Methods, VolumeMethods } from './volume-methods.js'

const defaultDeadlineMs = 10_000

/** Options of {@link servePlugin}. */
export interface PluginServerOptions {
  /** The engine that has the volumes. The caller closes it, after the server. */
  readonly volumes: VolumeEngine
  /** The name of the engine's driver that is served. The engine's other volumes are not seen. */
  readonly driver: string
  /** Where to listen: an absolute path. Docker looks in `/run/docker/plugins`, and the file's name is the plugin's. */
  readonly socket: string
  /** The descriptor of a socket that somebody listens on already, as systemd does: `socket` is then its name, and it is not removed. */
  readonly fd?: number | undefined
  /**
   * Give up every mount that clients have, at the start: for when the clients have crashed and no container uses a volume. Those of an earlier
   * boot of the host are given up without being told.
   */
  readonly forgetMounts?: boolean | undefined
  /** Told of failures. Without one nothing is logged. */
  readonly log?: Logger | undefined
}

let make: (server: Server, socket: string, methods: Methods, log: Logger) => OpeningServer

interface OpeningServer {
  readonly opened: PluginServer
  listen(fd: number | undefined): Promise<void>
}

/**
 * Serves one of an engine's drivers as a Docker volume plugin: dockerd, podman and what stands on them use its volumes.
 *
 * @throws PouchError `not-found` when the engine has no such driver, `unavailable` when it could not be opened, `in-use` when another server
 *   answers on the socket, `conflict` when something else is there, `invalid-argument` for a path that a socket cannot have
 */
export async function servePlugin(options: PluginServerOptions): Promise<PluginServer> {
  const { volumes: engine, driver, socket, log = silentLogger } = options
  const scope = scopeOf(engine, driver)
  const methods = new VolumeMethods({ engine, driver, scope, holder: await mountHolder(), log })
  await methods.mounts.forget(options.forgetMounts === true)
  const server = createServer({ requireHostHeader: false, keepAliveTimeout: 0, requestTimeout: 60_000 })
  const opening = make(server, socket, methods.all(), log)
  await opening.listen(options.fd)
  return opening.opened
}

/** A driver that is served. Made by {@link servePlugin}. */
export class PluginServer implements AsyncDisposable {
  /** Where it listens. */
  readonly socket: string
  readonly #server: Server
  readonly #methods: Methods
  readonly #log: Logger
  readonly #exchanges = new Set<Promise<void>>()
  #removeSocket: (() => void) | undefined
  #closed: Promise<void> | undefined

  private constructor(server: Server, socket: string, methods: Methods, log: Logger) {
    this.#server = server
    this.socket = socket
    this.#methods = methods
    this.#log = log
    server.on('request', (request, response) => this.#serve(request, response))
    server.on('clientError', (_error: Error, connection: Socket) => refuseGarbage(connection))
  }

  static {
    make = (server, socket, methods, log) => {
      const opened = new PluginServer(server, socket, methods, log)
      return { opened, listen: async (fd) => await opened.#listen(fd) }
    }
  }

  /**
   * Takes no more requests, lets those in flight end, and removes the socket. The clients' mounts stay: the next server knows them. May be
   * called twice.
   *
   * @param deadlineMs when requests that are still in flight are cut off; 10 s unless told
   */
  close(deadlineMs: number = defaultDeadlineMs): Promise<void> {
    this.#closed ??= this.#close(deadlineMs)
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #listen(fd: number | undefined): Promise<void> {
    if (fd === undefined) {
      this.#removeSocket = await listenOnUnixSocket(this.#server, this.socket, { op: 'plugin.listen' })
    } else await listenOnDescriptor(this.#server, fd, this.socket)
    this.#server.on('error', (error) =>
      this.#log.error({ socket: this.socket, err: error }, 'the plugin socket failed'),
    )
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#removeSocket?.()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs)
    })
    await Promise.race([Promise.all(this.#exchanges), late])
    clearTimeout(timer)
    this.#server.closeAllConnections()
    await closed
    await Promise.all(this.#exchanges)
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    // Docker repeats a request whose connection is lost, and by then the next server may be there.
    if (this.#closed !== undefined) {
      response.destroy()
      return
    }
    const exchange = new Exchange(this.#methods, this.#log, request, response).run()
    this.#exchanges.add(exchange)
    void exchange.finally(() => this.#exchanges.delete(exchange))
  }
}

async function listenOnDescriptor(server: Server, fd: number, socket: string): Promise<void> {
  try {
    server.listen({ fd })
    await once(server, 'listening')
  } catch (error) {
    server.close()
    const message = `cannot listen on descriptor ${fd}, which was handed over for ${socket}`
    throw PouchError.from(error, { message, op: 'plugin.listen', subject: socket })
  }
}

function scopeOf(engine: VolumeEngine, driver: string): 'local' | 'global' {
  const drivers = engine.drivers()
  const info = drivers.find(({ name }) => name === driver)
  const at = { op: 'plugin.open', subject: driver }
  if (info === undefined) {
    const known = drivers.map(({ name }) => name)
    const text = `cannot serve the volume driver '${driver}': the engine has ${known.join(', ')}`
    throw new PouchError('not-found', text, { ...at, details: { drivers: known } })
  }
  if (info.traits !== undefined) return info.traits.scope
  const why = info.error?.message ?? 'it is not open'
  throw new PouchError('unavailable', `cannot serve the volume driver '${driver}': ${why}`, {
    ...at,
    cause: info.error,
  })
}

function refuseGarbage(connection: Socket): void {
  if (connection.destroyed || !connection.writable) return
  const body = `${JSON.stringify({ Err: 'the request is not HTTP' })}\n`
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
  connection.on('error', () => connection.destroy())
  connection.end(`${head}\r\nConnection: close\r\n\r\n${body}`, () => connection.destroy())
}
