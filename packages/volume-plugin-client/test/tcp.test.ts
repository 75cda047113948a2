import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dockerPlugin, type PluginTls } from '../src/index.js'
import { parsePluginAddress } from '../src/plugin-address.js'
import { FakePlugin } from './support/fake-plugin.js'
import { afterwards, call, freshDirectory, hasty, openDriver } from './support/setting.js'

/** An authority, and what it signed for the plugin and for us. */
function makeCertificates(folder: string): void {
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  run('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '2')
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost')
  for (const name of ['server', 'client']) {
    run('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
    run('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing)
  }
}

async function overTls(folder: string, options: { readonly asksForCertificate?: boolean } = {}): Promise<number> {
  const plugin = new FakePlugin({ root: freshDirectory() })
  const read = (name: string) => readFileSync(join(folder, name))
  const mutual = { ca: read('ca.pem'), requestCert: true, rejectUnauthorized: true }
  const tls = {
    cert: read('server.pem'),
    key: read('server.key'),
    ...(options.asksForCertificate === true ? mutual : {}),
  }
  const port = await plugin.listen({ port: 0, tls })
  afterwards(() => plugin.die())
  return port
}

describe('a plugin over TCP', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pouch-plugin-tls-'))
    makeCertificates(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(['http', 'tcp'])('without TLS is spoken to at %s://', async (scheme) => {
    const plugin = new FakePlugin({ root: freshDirectory() })
    const port = await plugin.listen({ port: 0 })
    afterwards(() => plugin.die())
    const driver = await openDriver(
      dockerPlugin({ name: 'far', address: `${scheme}://127.0.0.1:${port}`, timeouts: hasty }),
    )
    expect(await driver.inventory?.list(call())).toEqual([])
    expect(plugin.calls).toContain('List')
  })

  it.each(['https', 'tcp'])('shows a certificate, and sees ours, at %s://', async (scheme) => {
    const port = await overTls(folder, { asksForCertificate: true })
    const tls = {
      caFile: join(folder, 'ca.pem'),
      certFile: join(folder, 'client.pem'),
      keyFile: join(folder, 'client.key'),
    }
    expect(await list(`${scheme}://127.0.0.1:${port}`, tls)).toEqual([])
  })

  it('is not believed without the authority, unless that is asked for', async () => {
    const address = `https://127.0.0.1:${await overTls(folder)}`
    await expect(list(address, {})).rejects.toMatchObject({
      code: 'permission-denied',
      message: expect.stringContaining('TLS failed'),
    })
    expect(await list(address, { insecureSkipVerify: true })).toEqual([])
  })

  it('is described by a .json file with TLS files, as dockerd has it', async () => {
    const port = await overTls(folder)
    const spec = join(freshDirectory(), 'far.json')
    const config = { Name: 'other', Addr: `https://127.0.0.1:${port}`, TLSConfig: { CAFile: join(folder, 'ca.pem') } }
    writeFileSync(spec, JSON.stringify(config))
    const driver = await openDriver(dockerPlugin({ name: 'far', spec, timeouts: hasty }))
    expect(await driver.inventory?.list(call())).toEqual([])
  })

  it('with a TLS file that is not there names the file', async () => {
    const caFile = join(folder, 'gone.pem')
    await expect(list('https://127.0.0.1:1', { caFile })).rejects.toMatchObject({
      message: expect.stringContaining(`the TLS file ${caFile} of a volume plugin cannot be read`),
    })
  })
})

describe('an address', () => {
  it.each<[string, object]>([
    ['unix:///run/p.sock', { kind: 'unix', path: '/run/p.sock' }],
    ['/run/p.sock', { kind: 'unix', path: '/run/p.sock', text: 'unix:///run/p.sock' }],
    ['http://host', { port: 80, secure: false }],
    ['https://host', { port: 443, secure: true, hostname: 'host' }],
    ['https://host:8443/docker/plugin', { port: 8443, secure: true, text: 'https://host:8443' }],
    ['tcp://[::1]:7000', { port: 7000, secure: false, hostname: '::1', text: 'tcp://[::1]:7000' }],
    ['tcp://host:80', { port: 80, secure: false }],
  ])('%s is read', (text, expected) => {
    expect(parsePluginAddress(text)).toMatchObject(expected)
  })

  it.each([
    '',
    'host:1',
    'ftp://host:1',
    'unix://',
    'unix://relative',
    'tcp://host',
    'tcp://',
    'npipe:////./pipe/x',
    '/a\0b',
  ])('%j is refused', (text) => {
    expect(() => parsePluginAddress(text)).toThrowError(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it.each([
    [{ name: 'a', address: '/a.sock', spec: '/a.spec' }],
    [{ name: 'a' }],
    [{ name: 'a', spec: 'a.spec' }],
    [{ name: 'a', address: '/a.sock', timeouts: { mountMs: 0 } }],
    [{ name: 'a', address: '/a.sock', timeouts: { retryMs: -1 } }],
  ])('is refused in options that cannot be: %j', (options) => {
    expect(() => dockerPlugin(options)).toThrowError(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

async function list(address: string, tls: PluginTls) {
  const driver = await openDriver(dockerPlugin({ name: 'far', address, tls, timeouts: hasty }))
  return await driver.inventory?.list(call())
}
