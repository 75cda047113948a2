import { Agent, type AgentOptions, type RequestOptions } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import type { Address } from './address.js'

/** Certificates of a connection over TLS: PEM text or its bytes. */
export interface ClientTls {
  /** Who signed the daemon's certificate; the system's authorities unless given. */
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** The name that the daemon's certificate must have; the host of the address unless given. */
  readonly servername?: string
}

/** The ways to one daemon: connections that are kept for the next call, and new ones. */
export class Connection {
  readonly address: Address
  /** The first part of every URL. A socket has no host, so a fixed name stands for it. */
  readonly origin: string
  readonly #tls: ClientTls
  readonly #kept: Agent

  constructor(address: Address, tls: ClientTls) {
    this.address = address
    this.#tls = tls
    this.#kept = this.#agent({ keepAlive: true, maxFreeSockets: 8, scheduling: 'lifo' })
    this.origin = originOf(address)
  }

  /**
   * The agent for a call. A kept connection may turn out dead only once the request is on it, and then nobody knows
   * whether it arrived; so what must not happen twice gets a connection of its own where that costs nothing.
   */
  agentFor(repeatable: boolean): Agent {
    return repeatable || this.address.kind === 'tcp' ? this.#kept : this.#agent({ keepAlive: false })
  }

  /** Options of `http.request` for a connection of its own, which an upgrade takes over. */
  upgradeOptions(): RequestOptions & { readonly secure: boolean } {
    const { address } = this
    if (address.kind === 'unix')
      return { secure: false, agent: false, socketPath: address.path, headers: { host: 'pouchd' } }
    return {
      secure: address.secure,
      agent: false,
      host: address.hostname,
      port: address.port,
      ...(address.secure ? this.#tls : {}),
    }
  }

  /** Closes the connections that wait for a next call; calls in flight end. */
  close(): void {
    this.#kept.destroy()
  }

  #agent(options: AgentOptions): Agent {
    const { address } = this
    if (address.kind === 'unix') return new Agent({ ...options, ...{ socketPath: address.path } })
    return address.secure ? new TlsAgent({ ...options, ...this.#tls }) : new Agent(options)
  }
}

function originOf(address: Address): string {
  if (address.kind === 'unix') return 'http://pouchd'
  const hostname = address.hostname.includes(':') ? `[${address.hostname}]` : address.hostname
  return `${address.secure ? 'https' : 'http'}://${hostname}:${address.port}`
}
