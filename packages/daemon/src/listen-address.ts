import { isIP } from 'node:net'
import { isAbsolute, normalize } from 'node:path'
import { PouchError } from '@pouch/errors'

/** Where a daemon listens. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

// What fits into sockaddr_un, with the final zero.
const maxSocketPathBytes = 107

/**
 * Reads a listen address: `unix:///var/run/pouchd.sock`, an absolute path, or `tcp://host:port`. A port of 0 lets the kernel
 * choose.
 *
 * @throws PouchError `invalid-argument`
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix://')) return unixAddress(text, text.slice('unix://'.length))
  if (isAbsolute(text)) return unixAddress(text, text)
  if (text.startsWith('tcp://')) return tcpAddress(text)
  throw refused(text, 'write unix:///path/to.sock or tcp://host:port')
}

/** The text form of an address, as {@link parseListenAddress} reads it. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`
  return `tcp://${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`
}

function unixAddress(text: string, path: string): ListenAddress {
  if (!isAbsolute(path)) throw refused(text, 'a unix socket needs an absolute path: unix:///path/to.sock')
  if (path.includes('\0')) throw refused(text, 'a path cannot hold a NUL')
  const clean = normalize(path)
  if (clean.endsWith('/')) throw refused(text, 'that is a directory')
  if (Buffer.byteLength(clean) > maxSocketPathBytes) {
    throw refused(text, `the path of a unix socket has at most ${maxSocketPathBytes} bytes`)
  }
  return { kind: 'unix', path: clean }
}

function tcpAddress(text: string): ListenAddress {
  const match = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+)):(\d{1,5})\/?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535) throw refused(text, 'write tcp://host:port, an IPv6 address in brackets')
  return { kind: 'tcp', host, port }
}

function refused(text: string, why: string): PouchError {
  return new PouchError('invalid-argument', `cannot listen on '${text}': ${why}`, {
    op: 'daemon.listen',
    subject: text,
  })
}
