import type { IncomingMessage } from 'node:http'
import { PouchError } from '@pouch/errors'

/**
 * Keeps web pages out. A browser sends `Origin` with what a page asks for, and a page that rebinds its own name to this
 * host sends that name as `Host`: neither is a client of this API.
 */
export class RequestGuard {
  readonly #isOwnHost: ((host: string) => boolean) | undefined

  /** @param isOwnHost whether a host name, without its port, means this daemon; `undefined` on a unix socket, where Host says nothing */
  constructor(isOwnHost: ((host: string) => boolean) | undefined) {
    this.#isOwnHost = isOwnHost
  }

  /** @returns the reason to refuse the request, or `undefined` */
  refusal(request: IncomingMessage): PouchError | undefined {
    if (request.headers.origin !== undefined) {
      return forbidden('requests of web pages are not served: the request has an Origin header', 'origin')
    }
    if (this.#isOwnHost === undefined) return undefined
    const host = hostName(request.headers.host ?? '')
    if (host !== '' && (this.#isOwnHost(host) || isLocalAddress(host, request))) return undefined
    return forbidden(`this daemon is not called '${host}': use the address or the name that it listens on`, 'host')
  }
}

/** The name or address of a `Host` header, in lower case, without port and brackets. */
export function hostName(header: string): string {
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]]+))(?::\d+)?$/i.exec(header.trim())
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '')
}

function isLocalAddress(host: string, request: IncomingMessage): boolean {
  const local = request.socket.localAddress?.replace(/^::ffff:/, '').toLowerCase()
  return local === host
}

function forbidden(message: string, header: string): PouchError {
  return new PouchError('permission-denied', message, { op: 'http.guard', subject: header })
}
