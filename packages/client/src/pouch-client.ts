import { defaultHost, parseAddress } from './address.js'
import { type ClientTls, Connection } from './connection.js'
import { Containers } from './containers.js'
import { Execs } from './execs.js'
import { Images } from './images.js'
import { PouchRoutes } from './pouch-routes.js'
import { System } from './system.js'
import { Transport } from './transport.js'
import { Volumes } from './volumes.js'

/** Where the daemon is and how it is talked to. */
export interface PouchClientOptions {
  /** `unix:///path/to/the.sock` or `tcp://host:port`; `unix:///var/run/pouchd.sock` unless given. */
  readonly host?: string | undefined
  /** Certificates; with them `tcp://` is TLS. */
  readonly tls?: ClientTls | undefined
  /**
   * Milliseconds that a call may take; 0, the default, is for ever. Waits, stops and streams have no deadline unless the
   * call itself gives one.
   */
  readonly timeoutMs?: number | undefined
  /** Speak this version of Docker's API instead of the newest that both sides know. */
  readonly apiVersion?: string | undefined
}

/**
 * A client of pouchd, or of any daemon that speaks Docker's API from 1.24 on. Nothing is connected until the first call.
 *
 * Calls throw PouchError: the daemon's own, rebuilt with its code; `unavailable` when nothing was sent or asking again is
 * harmless; `timeout` when the deadline passed or the connection broke and the outcome is unknown; `aborted` when the
 * call's signal fired.
 */
export class PouchClient {
  readonly containers: Containers
  readonly execs: Execs
  readonly images: Images
  readonly volumes: Volumes
  readonly system: System
  /** Routes that only pouchd has. */
  readonly pouch: PouchRoutes
  /** The address, in the form that error messages show. */
  readonly host: string
  readonly #connection: Connection

  /** @throws PouchError `invalid-argument` when the address is not one */
  constructor(options: PouchClientOptions = {}) {
    const address = parseAddress(options.host ?? defaultHost, options.tls !== undefined)
    this.host = address.host
    this.#connection = new Connection(address, options.tls ?? {})
    const transport = new Transport(this.#connection, options.timeoutMs ?? 0, options.apiVersion)
    this.containers = new Containers(transport)
    this.execs = new Execs(transport)
    this.images = new Images(transport)
    this.volumes = new Volumes(transport)
    this.system = new System(transport)
    this.pouch = new PouchRoutes(transport)
  }

  /** Lets go of the connections that wait for a next call. The client can still be used. */
  close(): void {
    this.#connection.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
