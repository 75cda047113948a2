import { isAbsolute } from 'node:path'
import { PouchError } from '@pouch/errors'

/** Where a plugin listens. */
export type PluginAddress =
  | {
      readonly kind: 'unix'
      /** The socket, absolute. */
      readonly path: string
      /** As a person would write it. */
      readonly text: string
    }
  | {
      readonly kind: 'tcp'
      readonly hostname: string
      readonly port: number
      readonly secure: boolean
      readonly tls: PluginTls
      readonly text: string
    }

/** Files of a connection over TLS, PEM, absolute paths. They are read for each connection that is opened. */
export interface PluginTls {
  /** Who signed the plugin's certificate; the system's authorities unless given. */
  readonly caFile?: string | undefined
  /** The certificate that the plugin is shown, with `keyFile`. */
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
  /** Believes whoever answers. Only for tests. */
  readonly insecureSkipVerify?: boolean | undefined
}

const schemes: readonly string[] = ['tcp:', 'http:', 'https:']

/**
 * Reads the address of a plugin as Docker writes it: `unix:///path`, `tcp://host:port`, `http://host:port`, `https://host:port`, or an
 * absolute path of a socket. A path after the host is of no account, as with dockerd. Over TCP, `https` and `tcp` with a certificate
 * or an authority speak TLS.
 *
 * @throws PouchError `invalid-argument`
 */
export function parsePluginAddress(text: string, tls: PluginTls = {}): PluginAddress {
  if (text.startsWith('/')) return unixAddress(text, text)
  if (text.startsWith('unix://')) return unixAddress(text, text.slice('unix://'.length))
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !schemes.includes(url.protocol) || url.hostname === '') {
    throw refused(text, 'write unix:///path/of/the.sock, tcp://host:port or https://host:port')
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(url.host, 'a name and a password have no meaning in it')
  }
  checkTls(text, tls)
  const secure = url.protocol === 'https:' || (url.protocol === 'tcp:' && (tls.caFile ?? tls.certFile) !== undefined)
  const port = url.port === '' ? defaultPort(url.protocol) : Number(url.port)
  if (port === undefined) throw refused(text, 'tcp needs a port: tcp://host:port')
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return Object.freeze({
    kind: 'tcp',
    hostname,
    port,
    secure,
    tls: Object.freeze({ ...tls }),
    text: url.origin === 'null' ? `tcp://${url.host}` : url.origin,
  })
}

/** WHATWG URLs know the ports of http and https, and drop them when they are written. */
function defaultPort(protocol: string): number | undefined {
  if (protocol === 'https:') return 443
  return protocol === 'http:' ? 80 : undefined
}

function unixAddress(text: string, path: string): PluginAddress {
  if (!isAbsolute(path) || path.includes('\0')) throw refused(text, 'the path of a socket is absolute')
  return Object.freeze({ kind: 'unix', path, text: `unix://${path}` })
}

function checkTls(text: string, tls: PluginTls): void {
  for (const [name, file] of [
    ['the authority', tls.caFile],
    ['the certificate', tls.certFile],
    ['the key', tls.keyFile],
  ] as const) {
    if (file !== undefined && (!isAbsolute(file) || file.includes('\0'))) {
      throw refused(text, `the file of ${name} has to be an absolute path`)
    }
  }
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    throw refused(text, 'a certificate and its key are given together')
  }
}

function refused(text: string, why: string): PouchError {
  const shown = JSON.stringify(text.slice(0, 200))
  return new PouchError('invalid-argument', `${shown} cannot be the address of a volume plugin: ${why}`, {
    op: 'plugin.address',
    subject: text.slice(0, 200),
  })
}
