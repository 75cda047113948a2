import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { SecureVersion } from 'node:tls'
import { PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core'
import { formatListenAddress, type ListenAddress } from './listen-address.js'
import type { Settings } from './settings.js'

type TlsSettings = Pick<Settings, 'tlscacert' | 'tlscert' | 'tlskey' | 'insecure'>

/** The three files that a tcp address needs: clients show a certificate that `caPath` vouches for. */
export interface TlsPaths {
  readonly caPath: string
  readonly certPath: string
  readonly keyPath: string
}

/** The certificates of a daemon, read. */
export class TlsFiles {
  readonly #ca: Buffer
  readonly #cert: Buffer
  readonly #key: Buffer
  readonly #certificate: X509Certificate

  /** @throws PouchError naming the file that cannot be read or is not what it should be */
  constructor(paths: TlsPaths) {
    this.#ca = read(paths.caPath, '--tlscacert')
    this.#cert = read(paths.certPath, '--tlscert')
    this.#key = read(paths.keyPath, '--tlskey')
    try {
      this.#certificate = new X509Certificate(this.#cert)
    } catch (error) {
      throw new PouchError('invalid-argument', `${paths.certPath} (--tlscert) is not a certificate in PEM form`, {
        op: 'daemon.tls',
        subject: paths.certPath,
        cause: error,
      })
    }
  }

  /** For node:https: a client without a valid certificate gets no connection. */
  serverOptions(): {
    ca: Buffer
    cert: Buffer
    key: Buffer
    requestCert: true
    rejectUnauthorized: true
    minVersion: SecureVersion
  } {
    return {
      ca: this.#ca,
      cert: this.#cert,
      key: this.#key,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    }
  }

  /** Whether the certificate was made for this host name. */
  isNamed(host: string): boolean {
    return this.#certificate.checkHost(host) !== undefined
  }
}

function read(path: string, flag: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw PouchError.from(error, { message: `cannot read ${path} (${flag})`, op: 'daemon.tls', subject: path })
  }
}

/**
 * The certificates that the settings name.
 *
 * @returns `undefined` when no address needs any
 * @throws PouchError `invalid-argument` when a tcp address has neither them nor `--insecure`
 */
export function tlsOf(settings: TlsSettings, addresses: readonly ListenAddress[], log: Logger): TlsFiles | undefined {
  const { tlscacert: caPath, tlscert: certPath, tlskey: keyPath, insecure } = settings
  const tcp = addresses.find(({ kind }) => kind === 'tcp')
  if (caPath !== undefined && certPath !== undefined && keyPath !== undefined) {
    return tcp === undefined ? undefined : new TlsFiles({ caPath, certPath, keyPath })
  }
  if (caPath !== undefined || certPath !== undefined || keyPath !== undefined) {
    throw refused('--tlscacert, --tlscert and --tlskey are given together or not at all')
  }
  if (tcp === undefined) return undefined
  const shown = formatListenAddress(tcp)
  if (!insecure) {
    throw refused(
      `${shown} needs --tlscacert, --tlscert and --tlskey, so that only clients with a certificate get in; or --insecure`,
    )
  }
  log.warn({ address: shown }, 'a tcp address is served without TLS: whoever reaches it is root on this host')
  return undefined
}

function refused(message: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'daemon.tls' })
}
