import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'

let daemon: RunningPouchd

beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
})

afterAll(() => daemon?.remove())

/** Every answer that is an error has Docker's body, and the daemon is still there. */
async function refused(method: string, path: string, body: unknown, status: number, text: RegExp): Promise<void> {
  const answer = await daemon.request(method, path, body)
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status)
  expect(answer.json<{ message: string }>().message).toMatch(text)
  expect((await daemon.request('GET', '/_ping')).text).toBe('OK')
}

async function volumeNames(): Promise<string[]> {
  const { Volumes } = (await daemon.request('GET', '/v1.43/volumes')).json<{ Volumes: { Name: string }[] }>()
  return Volumes.map(({ Name }) => Name)
}

describe('bodies', () => {
  it.each([
    ['POST', '/v1.43/volumes/create', '{"Name": "a', 400, /JSON/i],
    ['POST', '/v1.43/volumes/create', '[]', 400, /./],
    ['POST', '/v1.43/volumes/create', '"text"', 400, /./],
    ['POST', '/v1.43/volumes/create', { Name: 7 }, 400, /Name/],
    ['POST', '/v1.43/volumes/create', { Name: 'labels', Labels: ['a'] }, 400, /Labels/],
    ['POST', '/v1.43/volumes/create', { Name: 'options', DriverOpts: { size: 5 } }, 400, /DriverOpts|size/],
    ['POST', '/v1.43/containers/create', '{"Image": ', 400, /JSON/i],
    ['POST', '/v1.43/containers/create', {}, 400, /Config cannot be empty|image/i],
    ['POST', '/v1.43/containers/create', { Image: 'busybox', HostConfig: 'none' }, 400, /HostConfig/],
    ['POST', '/v1.43/containers/create', { Image: 'busybox', HostConfig: { Binds: 'a:/b' } }, 400, /Binds/],
    ['POST', '/v1.43/containers/create', { Image: 'busybox', HostConfig: { Memory: 'lots' } }, 400, /Memory/],
    ['POST', '/v1.43/containers/create', { Image: 'busybox', Env: [7] }, 400, /Env/],
  ])('%s %s %j → %i', async (method, path, body, status, text) => {
    await refused(method, path, body, status, text)
    expect(await volumeNames()).toEqual([])
  })
})

describe('names', () => {
  it.each([
    ['../escape', 400],
    ['..', 400],
    ['a/b', 400],
    ['a\0b', 400],
    ['-dash', 400],
    ['x', 400],
    ['n'.repeat(300), 400],
    ['a b', 400],
    ['ümlaut', 400],
  ])('a volume called %j is refused', async (Name, status) => {
    await refused('POST', '/v1.43/volumes/create', { Name }, status, /name|invalid|characters/i)
    expect(await volumeNames()).toEqual([])
  })

  it.each([
    '/v1.43/volumes/..%2f..%2fetc',
    '/v1.43/volumes/%2fetc%2fpasswd',
    '/v1.43/volumes/a%00b',
    `/v1.43/volumes/${'n'.repeat(300)}`,
  ])('GET %s finds nothing', async (path) => {
    const answer = await daemon.request('GET', path)
    expect([400, 404], answer.text).toContain(answer.status)
    expect(answer.json<{ message: string }>().message.length).toBeGreaterThan(5)
  })

  it('a path that climbs is no route', async () => {
    const answer = await daemon.request('GET', '/v1.43/volumes/../../etc/passwd')
    expect([301, 400, 404]).toContain(answer.status)
  })

  it.each(['../x', 'a/b', 'n\0', '-x', ''.padEnd(300, 'n')])('a container called %j is refused', async (name) => {
    await refused(
      'POST',
      `/v1.43/containers/create?name=${encodeURIComponent(name)}`,
      { Image: 'busybox' },
      400,
      /name/i,
    )
  })
})

describe('what does not exist', () => {
  it('an unknown driver is named, at once, with the known ones', async () => {
    const began = performance.now()
    await refused('POST', '/v1.43/volumes/create', { Name: 'driverless', Driver: 'nope' }, 404, /nope/)
    expect(performance.now() - began).toBeLessThan(1000)
    expect(await volumeNames()).toEqual([])
  })

  it.each(['0', '-5m', '12q', '99999999999g', ''])('a tmpfs of size %j is refused', async (size) => {
    await refused(
      'POST',
      '/v1.43/volumes/create',
      { Name: 'sized', Driver: 'tmpfs', DriverOpts: { size } },
      400,
      /size/,
    )
    expect(await volumeNames()).toEqual([])
  })

  it('a size that is none, or that no means holds, is never ignored', async () => {
    await refused('POST', '/v1.43/volumes/create', { Name: 'sized', DriverOpts: { size: 'ten' } }, 400, /size/)
    const onBtrfs = { size: '10g', quota: 'btrfs' }
    await refused('POST', '/v1.43/volumes/create', { Name: 'sized', DriverOpts: onBtrfs }, 501, /btrfs/)
  })

  it('an unknown option is named', async () => {
    await refused('POST', '/v1.43/volumes/create', { Name: 'optional', DriverOpts: { colour: 'red' } }, 400, /colour/)
  })

  it('a missing image', async () => {
    await refused('POST', '/v1.43/containers/create', { Image: 'missing:1' }, 404, /No such image: missing:1/)
  })

  it('a missing container', async () => {
    await refused('POST', '/v1.43/containers/missing/start', undefined, 404, /No such container: missing/)
  })

  it('a missing volume', async () => {
    await refused('GET', '/v1.43/volumes/missing', undefined, 404, /no such volume/)
    await refused('DELETE', '/v1.43/volumes/missing', undefined, 404, /no such volume/)
  })

  it('a published port and a network are refused, not ignored', async () => {
    const PortBindings = { '80/tcp': [{ HostPort: '8080' }] }
    await refused('POST', '/v1.43/containers/create', { Image: 'busybox', HostConfig: { PortBindings } }, 501, /port/i)
    await refused(
      'POST',
      '/v1.43/containers/create',
      { Image: 'busybox', HostConfig: { NetworkMode: 'mine' } },
      501,
      /network/i,
    )
  })

  it('a command that does not exist leaves a container that says so, and its volume free to go', async () => {
    const HostConfig = { Binds: ['spare:/data'] }
    const created = await daemon.request('POST', '/v1.43/containers/create?name=wrong', {
      Image: 'busybox',
      Cmd: ['/no/such'],
      HostConfig,
    })
    expect(created.status, created.text).toBe(201)
    await refused('POST', '/v1.43/containers/wrong/start', undefined, 400, /no such file|not found/)
    const { State } = (await daemon.request('GET', '/v1.43/containers/wrong/json')).json<{
      State: { Status: string; ExitCode: number }
    }>()
    expect(State).toMatchObject({ Status: 'created', ExitCode: 127 })
    expect((await daemon.request('DELETE', '/v1.43/containers/wrong')).status).toBe(204)
    expect((await daemon.request('DELETE', '/v1.43/volumes/spare')).status).toBe(204)
  })

  it('unknown routes and versions', async () => {
    await refused('GET', '/v1.43/nothing', undefined, 404, /page not found/)
    await refused('GET', '/v9.99/volumes', undefined, 400, /too new/)
    await refused('GET', '/v1.24/nothing', undefined, 404, /page not found/)
  })
})

describe('requests that are not HTTP, or not for us', () => {
  it.each(['garbage\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`])(
    '%#: answered or closed',
    async (text) => {
      const socket = connect(daemon.socket)
      socket.on('error', () => socket.destroy())
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.write(text)
      socket.resume()
      await closed
      expect((await daemon.request('GET', '/_ping')).status).toBe(200)
    },
  )

  it('a request with an Origin header gets 403', async () => {
    const answer = await daemon.request('GET', '/v1.43/info', undefined, { origin: 'http://evil.example' })
    expect(answer.status).toBe(403)
  })

  it('filters that are no JSON, and filters that are unknown', async () => {
    await refused('GET', '/v1.43/volumes?filters=%7Bnope', undefined, 400, /filter/)
    await refused('GET', `/v1.43/volumes?filters=${encodeURIComponent('{"colour":["red"]}')}`, undefined, 400, /colour/)
    await refused(
      'GET',
      `/v1.43/containers/json?filters=${encodeURIComponent('{"status":["asleep"]}')}`,
      undefined,
      400,
      /status/,
    )
  })
})
