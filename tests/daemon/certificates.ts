import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a small public key infrastructure. */
export interface Certificates {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

/** Makes an authority, a server called `pouch.example` and 127.0.0.1, and a client, in a folder. Needs openssl. */
export function makeCertificates(folder: string): Certificates {
  const file = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: folder })
  const request = (name: string) =>
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    )
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  )
  const sign = (name: string, extensions: string) => {
    request(name)
    writeFileSync(file(`${name}.ext`), extensions)
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`]
    openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.pem`)
    return { cert: file(`${name}.pem`), key: file(`${name}.key`) }
  }
  return {
    server: sign('server', 'subjectAltName=DNS:pouch.example,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'),
    client: sign('client', 'extendedKeyUsage=clientAuth\n'),
    ca: file('ca.pem'),
  }
}
