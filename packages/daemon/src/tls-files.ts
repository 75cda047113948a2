import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { SecureVersion } from 'node:tls'
import { PouchError } from '@pouch/errors'

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
