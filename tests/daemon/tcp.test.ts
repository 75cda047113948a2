import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DockerCli, dockerPrograms } from '../docker-cli/docker-cli.js'
import { RunningPouchd } from '../running-pouchd.js'
import { type Certificates, makeCertificates } from './certificates.js'

let folder: string
let certificates: Certificates
let daemon: RunningPouchd
let port: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pouchd-tls-'))
  certificates = makeCertificates(folder)
  const { ca, server } = certificates
  const tls = ['--tlscacert', ca, '--tlscert', server.cert, '--tlskey', server.key]
  daemon = await RunningPouchd.start({ args: ['--listen', 'tcp://127.0.0.1:0', ...tls] })
  port = await portOf(daemon)
})
afterAll(async () => {
  await daemon?.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function portOf(running: RunningPouchd): Promise<number> {
  while (!running.log.includes('pouchd is ready')) await delay(10)
  return Number(/tcp:\/\/127\.0\.0\.1:(\d+)"\]/.exec(running.log)?.[1])
}

function ask(options: RequestOptions, send = httpsRequest): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = send({ host: '127.0.0.1', path: '/v1.43/volumes', agent: false, ...options }, (response) => {
      let text = ''
      response.on('data', (data) => {
        text += data
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('a tcp address with TLS', () => {
  const withCertificate = () => ({
    port,
    ca: readFileSync(certificates.ca),
    cert: readFileSync(certificates.client.cert),
    key: readFileSync(certificates.client.key),
    // Whatever the Host header says: the name that the certificate is checked for.
    servername: 'pouch.example',
  })

  it('serves a client that the authority vouches for', async () => {
    expect(await ask(withCertificate())).toMatchObject({ status: 200 })
    expect(await ask({ ...withCertificate(), headers: { host: 'pouch.example:1234' } })).toMatchObject({ status: 200 })
    expect(await ask({ ...withCertificate(), headers: { host: 'localhost' } })).toMatchObject({ status: 200 })
  })

  it('turns everybody else away before they can ask', async () => {
    await expect(ask({ port, ca: readFileSync(certificates.ca) })).rejects.toThrow()
    const other = mkdtempSync(join(tmpdir(), 'pouchd-tls-other-'))
    const foreign = makeCertificates(other).client
    const options = { ...withCertificate(), cert: readFileSync(foreign.cert), key: readFileSync(foreign.key) }
    rmSync(other, { recursive: true, force: true })
    await expect(ask(options)).rejects.toThrow()
    await expect(ask({ port }, httpRequest)).rejects.toThrow()
  })

  it('refuses a name that is not its own, and web pages', async () => {
    expect(await ask({ ...withCertificate(), headers: { host: 'rebound.example' } })).toMatchObject({ status: 403 })
    expect(await ask({ ...withCertificate(), headers: { origin: 'https://pouch.example' } })).toMatchObject({
      status: 403,
    })
  })

  it('serves the docker CLI', async () => {
    const [program] = dockerPrograms()
    if (program === undefined) throw new Error('there is no docker CLI')
    const { ca, client } = certificates
    const docker = new DockerCli(program, `tcp://127.0.0.1:${port}`)
    const tls = ['--tlsverify', '--tlscacert', ca, '--tlscert', client.cert, '--tlskey', client.key]
    expect(await docker.output(...tls, 'volume', 'ls', '-q')).toBe('')
  })
})

describe('a tcp address without TLS', () => {
  it('is refused unless it is asked for by name', async () => {
    const refused = RunningPouchd.start({ args: ['--listen', 'tcp://127.0.0.1:0', '--store', 'memory'] })
    await expect(refused).rejects.toThrow(/tcp:\/\/127\.0\.0\.1:0 needs --tlscacert, --tlscert and --tlskey/)
  })

  it('serves with --insecure, but no foreign name', async () => {
    const insecure = await RunningPouchd.start({ args: ['--listen', 'tcp://127.0.0.1:0', '--insecure'] })
    try {
      const plain = { port: await portOf(insecure) }
      expect(await ask(plain, httpRequest)).toMatchObject({ status: 200 })
      const rebound = await ask({ ...plain, headers: { host: 'rebound.example' } }, httpRequest)
      expect([rebound.status, rebound.text]).toEqual([403, expect.stringContaining('rebound.example')])
      expect(insecure.log).toContain('without TLS')
    } finally {
      await insecure.remove()
    }
  })
})
