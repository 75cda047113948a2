import http from 'node:http'
import https from 'node:https'
import { rootCertificates } from 'node:tls'
import { PouchError } from '@pouch/errors'
import fetch, { type Response } from 'node-fetch'
import { allowsHttp, isListed } from './registry-endpoint.js'
import type { RegistryOptions } from './registry-options.js'
import { RegistryResponse } from './registry-response.js'
import { RequestWatch } from './request-watch.js'

/** A request to a registry or to its token server. */
export interface RegistryRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

const maxRedirects = 8
const redirects = new Set([301, 302, 303, 307, 308])

/**
 * HTTP for one pull: connections that are kept, a limit of silence, and redirects that take no credentials to another
 * host and never lead from https to http.
 */
export class RegistryHttp {
  readonly #options: RegistryOptions
  readonly #agents = new Map<string, http.Agent>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /** @throws PouchError `unavailable` (`details.transient` when it is worth another try), `aborted` */
  async send(url: URL, request: RegistryRequest = {}): Promise<RegistryResponse> {
    let target = url
    let headers = { ...request.headers }
    for (let hops = 0; hops <= maxRedirects; hops += 1) {
      const response = await this.#sendOnce(target, { ...request, headers })
      const location = redirects.has(response.status) ? response.header('location') : undefined
      if (location === undefined) return response
      response.discard()
      const next = this.#checkedRedirect(target, location)
      if (next.origin !== target.origin) headers = withoutCredentials(headers)
      target = next
    }
    throw new PouchError('unavailable', `${url.host} redirects more than ${maxRedirects} times`, {
      op: 'image.pull',
      subject: url.host,
    })
  }

  /** Closes the connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  async #sendOnce(url: URL, request: RegistryRequest): Promise<RegistryResponse> {
    const watch = new RequestWatch(url, request.signal, this.#options.silenceMs ?? 60_000)
    try {
      watch.start()
      const response: Response = await fetch(url, {
        method: request.method ?? 'GET',
        headers: { 'user-agent': 'pouch', ...request.headers },
        ...(request.body === undefined ? {} : { body: request.body }),
        agent: (to) => this.#agentFor(to),
        redirect: 'manual',
        compress: false,
        signal: watch.signal,
      })
      watch.pause()
      return new RegistryResponse(response, url, watch)
    } catch (error) {
      watch.end()
      throw watch.failure(error)
    }
  }

  #agentFor(url: URL): http.Agent {
    const known = this.#agents.get(url.origin)
    if (known !== undefined) return known
    const settings = { keepAlive: true, maxSockets: 8 }
    const authority = this.#options.authorities?.[url.host] ?? this.#options.authorities?.[url.hostname]
    const agent =
      url.protocol === 'http:'
        ? new http.Agent(settings)
        : new https.Agent({
            ...settings,
            rejectUnauthorized: !isListed(url.host, this.#options),
            ...(authority === undefined ? {} : { ca: [...rootCertificates, authority] }),
          })
    this.#agents.set(url.origin, agent)
    return agent
  }

  #checkedRedirect(from: URL, location: string): URL {
    const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined
    const isSafe =
      to?.protocol === 'https:' ||
      (to?.protocol === 'http:' && (from.protocol === 'http:' || allowsHttp(to.host, this.#options)))
    if (to !== undefined && isSafe) return to
    throw new PouchError(
      'unavailable',
      `${from.host} redirects to ${location.slice(0, 200)}, which is not https: it is not followed`,
      {
        op: 'image.pull',
        subject: from.host,
      },
    )
  }
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'))
}
