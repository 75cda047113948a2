import { PouchError } from '@pouch/errors'

/** Where pouchd listens unless told otherwise. */
export const defaultHost = 'unix:///var/run/pouchd.sock'

/** Where a daemon is. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string; readonly host: string }
  | {
      readonly kind: 'tcp'
      readonly hostname: string
      readonly port: number
      readonly secure: boolean
      readonly host: string
    }

/**
 * Reads the address of a daemon: `unix:///path`, `tcp://host:port`, `http://host:port`, `https://host:port`, or an absolute
 * path to a socket.
 *
 * @param host the address as a person wrote it
 * @param hasTls whether certificates were given, which makes `tcp://` use them
 * @throws PouchError `invalid-argument`
 */
export function parseAddress(host: string, hasTls: boolean): Address {
  if (host.startsWith('/')) return { kind: 'unix', path: host, host: `unix://${host}` }
  if (host.startsWith('unix://')) return unixAddress(host)
  const url = URL.canParse(host) ? new URL(host) : undefined
  if (url === undefined || !['tcp:', 'http:', 'https:'].includes(url.protocol)) {
    throw refused(host, 'write unix:///path/to/the.sock or tcp://host:port')
  }
  if (url.hostname === '' || !['', '/'].includes(url.pathname))
    throw refused(host, 'it needs a host and a port, and nothing after them')
  const secure = url.protocol === 'https:' || (url.protocol === 'tcp:' && hasTls)
  const port = url.port === '' ? (secure ? 2376 : 2375) : Number(url.port)
  return { kind: 'tcp', hostname: url.hostname.replace(/^\[|\]$/g, ''), port, secure, host }
}

function unixAddress(host: string): Address {
  const path = host.slice('unix://'.length)
  if (!path.startsWith('/') || path.includes('\0'))
    throw refused(host, 'the path of a socket is absolute: unix:///var/run/pouchd.sock')
  return { kind: 'unix', path, host }
}

function refused(host: string, why: string): PouchError {
  return new PouchError('invalid-argument', `invalid daemon address '${host}': ${why}`, {
    op: 'client.address',
    subject: host,
  })
}
