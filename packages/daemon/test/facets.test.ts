import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { facetNames, memoryDriver } from '@pouch/volume-core/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Sending, send } from './support/http-request.js'
import { openVolumeServer, type VolumeServer } from './support/volume-server.js'

const { mounts: _, ...others } = Object.fromEntries(facetNames.map((name) => [name, name]))
const facets = Object.values(others) as (typeof facetNames)[number][]
let server: VolumeServer
beforeAll(async () => {
  server = await openVolumeServer({ drivers: [memoryDriver({ facets }), memoryDriver({ name: 'other' })] })
})
afterAll(() => server.close())

const ask = (method: string, path: string, sending: Sending = {}) => send(server.socket, path, { method, ...sending })
const own = (method: string, path: string, body?: unknown) => ask(method, `/pouch/v1/volumes${path}`, { body })
const fact = async (method: string, path: string, body?: unknown) => {
  const { status, json } = await own(method, path, body)
  return [status, json as Record<string, unknown>] as const
}
const file = async (volume: string, name: string) => {
  const { mountpoint } = (await own('GET', `/${volume}`)).json as { mountpoint: string }
  return join(mountpoint, name)
}
const made = async (name: string, body: object = {}) => {
  expect((await own('POST', '', { name, ...body })).status).toBe(201)
}

describe('a volume', () => {
  it('tells what it is capable of, and why not', async () => {
    await made('capable', { options: { without: 'snapshots' } })
    const [status, details] = await fact('GET', '/capable/details')
    expect([status, details]).toEqual([
      200,
      {
        facets: expect.objectContaining({ resizing: true, snapshots: 'the volume was made without snapshots' }),
        facts: { directory: expect.stringContaining('capable') },
        status: { kept: 'directory' },
        snapshots: [],
      },
    ])
    expect((await own('GET', '/nope/details')).status).toBe(404)
  })

  it('gets labels and a size, each alone', async () => {
    await made('changing', { labels: { a: '1', b: '2' } })
    const labels = await fact('PATCH', '/changing', { labels: { a: null, c: '3' } })
    expect(labels).toEqual([200, expect.objectContaining({ labels: { b: '2', c: '3' } })])
    const size = await fact('PATCH', '/changing', { sizeBytes: 5000 })
    expect(size).toEqual([200, expect.objectContaining({ labels: { b: '2', c: '3' }, sizeBytes: 5000 })])
    writeFileSync(await file('changing', 'data'), 'x'.repeat(2000))
    expect(await fact('PATCH', '/changing', { sizeBytes: 1000 })).toEqual([
      507,
      expect.objectContaining({ code: 'exhausted' }),
    ])
  })

  it.each([
    ['PATCH', '', undefined, 'a JSON body'],
    ['PATCH', '', { sizeBytes: '1g' }, 'sizeBytes is a string'],
    ['PATCH', '', { size: 1 }, 'there is no field size'],
    ['POST', '/rename', {}, 'lacks name'],
    ['POST', '/migrate', {}, 'lacks driver'],
    ['POST', '/snapshots', { labels: { a: 1 } }, 'is a number'],
  ])('refuses %s %s with %j', async (method, path, body, why) => {
    const reply = await own(method, `/capable${path}`, body)
    expect([reply.status, (reply.json as { message: string }).message]).toEqual([400, expect.stringContaining(why)])
  })

  it('gets another name', async () => {
    await made('before')
    writeFileSync(await file('before', 'data'), 'kept')
    expect(await fact('POST', '/before/rename', { name: 'after' })).toEqual([
      200,
      expect.objectContaining({ name: 'after' }),
    ])
    expect(readFileSync(await file('after', 'data'), 'utf8')).toBe('kept')
    expect((await own('GET', '/before')).status).toBe(404)
  })

  it('is measured, alone and with others', async () => {
    await made('measured')
    writeFileSync(await file('measured', 'data'), 'x'.repeat(1234))
    const [status, usage] = await fact('GET', '/measured/usage')
    expect([status, usage.source]).toEqual([200, 'walk'])
    expect(usage.usedBytes).toBeGreaterThanOrEqual(1234)
    const filters = encodeURIComponent('{"name":["^measured$"]}')
    expect((await ask('GET', `/pouch/v1/usage?filters=${filters}`)).json).toEqual({
      volumes: [{ volume: 'measured', usage }],
    })
    const df = (await ask('GET', '/system/df')).json as { Volumes: { Name: string; UsageData: object }[] }
    expect(df.Volumes.find(({ Name }) => Name === 'measured')?.UsageData).toEqual({
      Size: usage.usedBytes,
      RefCount: 0,
    })
  })

  it('is shown to Docker with the status of its backend', async () => {
    await made('shown')
    const { json } = await ask('GET', '/volumes/shown')
    expect(json).toMatchObject({ Name: 'shown', Status: { kept: 'directory' } })
    await made('plain', { driver: 'other' })
    expect((await ask('GET', '/volumes/plain')).json).not.toHaveProperty('Status')
  })

  it('is removed, and told by prune with what it took up', async () => {
    await made('gone')
    expect((await own('DELETE', '/gone?force=1')).status).toBe(204)
    expect((await own('DELETE', '/gone')).status).toBe(404)
    await made('pruned', { labels: { prune: 'me' } })
    writeFileSync(await file('pruned', 'data'), 'x'.repeat(777))
    const { usedBytes } = (await fact('GET', '/pruned/usage'))[1]
    expect(usedBytes).toBeGreaterThanOrEqual(777)
    const filters = encodeURIComponent('{"all":["true"],"label":["prune"]}')
    expect((await ask('POST', `/volumes/prune?filters=${filters}`)).json).toEqual({
      VolumesDeleted: ['pruned'],
      SpaceReclaimed: usedBytes,
    })
    await made('kept-back', { labels: { prune: 'me' } })
    await own('POST', '/kept-back/snapshots', { name: 's1' })
    expect((await ask('POST', `/volumes/prune?filters=${filters}`)).json).toEqual({
      VolumesDeleted: [],
      SpaceReclaimed: 0,
      Warnings: ['remove kept-back: the volume has snapshots - [s1]: remove them first'],
    })
    await own('DELETE', '/kept-back/snapshots/s1')
    await own('DELETE', '/kept-back')
  })
})

describe('snapshots', () => {
  it('are made, listed, brought back, cloned and removed', async () => {
    await made('kept')
    const data = await file('kept', 'data')
    writeFileSync(data, 'first')
    const [status, snapshot] = await fact('POST', '/kept/snapshots', { name: 's1', labels: { why: 'test' } })
    expect([status, snapshot]).toEqual([
      201,
      expect.objectContaining({ name: 's1', volume: 'kept', labels: { why: 'test' }, isConsistent: true }),
    ])
    expect(await fact('GET', '/kept/snapshots')).toEqual([200, { snapshots: [snapshot] }])
    expect((await own('GET', '/kept')).json).toMatchObject({ snapshotCount: 1 })
    writeFileSync(data, 'second')
    const clone = await fact('POST', '', { name: 'clone', from: { volume: 'kept', snapshot: 's1' } })
    expect(clone).toEqual([201, expect.objectContaining({ name: 'clone', driver: 'memory' })])
    expect(readFileSync(await file('clone', 'data'), 'utf8')).toBe('first')
    expect((await own('POST', '/kept/snapshots/s1/restore')).status).toBe(204)
    expect(readFileSync(data, 'utf8')).toBe('first')
    expect((await own('DELETE', '/kept/snapshots/s1')).status).toBe(204)
    expect(await fact('GET', '/kept/snapshots')).toEqual([200, { snapshots: [] }])
    expect((await own('POST', '/kept/snapshots/s1/restore')).status).toBe(404)
  })

  it('that a volume or a driver lacks are unsupported, with the reason', async () => {
    await made('lacking', { driver: 'other' })
    expect(await fact('POST', '/lacking/snapshots', {})).toEqual([
      501,
      expect.objectContaining({ code: 'unsupported' }),
    ])
    expect(await fact('POST', '/capable/snapshots', {})).toEqual([
      501,
      expect.objectContaining({ message: expect.stringContaining('made without snapshots') }),
    ])
  })
})

/** A tar of one file, made by GNU tar. */
function tarOf(content: string, ...options: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'pouchd-tar-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'data'), content)
  const { stdout, status } = spawnSync('tar', ['-C', folder, ...options, '-c', '.'], { maxBuffer: 1e9 })
  expect(status).toBe(0)
  return stdout
}

/** Whether nothing holds the name, once whatever was done with it has ended. */
async function isFree(name: string): Promise<boolean> {
  const { status } = await own('POST', '', { name, driver: 'other' })
  return status === 201
}

describe('archives', () => {
  const archivePath = (name: string, query = '') => `/pouch/v1/volumes/${name}/archive${query}`
  const importing = (query: string, body: Buffer) =>
    ask('POST', `/pouch/v1/volumes/import?${query}`, { headers: { 'content-type': 'application/x-tar' }, body })

  it('go out as tar, gzip and zstd', async () => {
    await made('exported')
    writeFileSync(await file('exported', 'data'), 'content')
    const folder = mkdtempSync(join(tmpdir(), 'pouchd-out-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    for (const [query, type, flag] of [
      ['', 'application/x-tar', '-x'],
      ['?compress=gzip', 'application/gzip', '-xz'],
      ['?compress=zstd', 'application/zstd', '-x'],
    ] as const) {
      const tar = join(folder, 'a.tar')
      const { status, headers, bytes } = await ask('GET', archivePath('exported', query))
      expect([status, headers['content-type']]).toEqual([200, type])
      writeFileSync(tar, bytes)
      expect(spawnSync('tar', ['-C', folder, flag, '-f', tar]).status).toBe(0)
      expect(readFileSync(join(folder, 'data'), 'utf8')).toBe('content')
    }
  })

  it('that cannot be made are refused in the reply', async () => {
    expect((await ask('GET', archivePath('nope'))).status).toBe(404)
    expect((await ask('GET', archivePath('exported', '?compress=xz'))).status).toBe(400)
    const held = await server.volumes.volumes.attach('exported', { holder: 'writer' })
    expect((await ask('GET', archivePath('exported'))).json).toMatchObject({ code: 'in-use' })
    expect((await ask('GET', archivePath('exported', '?inconsistent=1'))).status).toBe(200)
    await server.volumes.volumes.detach('exported', held.id)
  })

  it.each([
    ['plain', (tar: Buffer) => tar],
    ['with the padding of a tape', (tar: Buffer) => Buffer.concat([tar, Buffer.alloc(3_000_000)])],
    ['gzip', (tar: Buffer) => gzipSync(tar)],
    ['zstd', (tar: Buffer) => spawnSync('zstd', ['-cq'], { input: tar }).stdout],
  ])('come in %s', async (how, form) => {
    const name = `in-${how.slice(0, 4)}`
    const query = `name=${name}&driver=memory&options=${encodeURIComponent('{"note":"n"}')}&labels={"a":"b"}`
    const { status, json } = await importing(query, form(tarOf('content')))
    expect([status, json]).toEqual([
      201,
      { volume: expect.objectContaining({ name, options: { note: 'n' }, labels: { a: 'b' } }), warnings: [] },
    ])
    expect(readFileSync(await file(name, 'data'), 'utf8')).toBe('content')
  })

  it.each([
    ['no archive', () => Buffer.alloc(20_000_000, 'this is no tar, however long it is'), ''],
    ['a part of one', () => tarOf('x'.repeat(100_000)).subarray(0, 50_000), ''],
    ['a part of gzip', () => gzipSync(tarOf('x'.repeat(1000))).subarray(0, 100), ''],
    ['options that are no map', () => tarOf('x'), '&options=[]'],
    ['an unknown driver', () => tarOf('x'), '&driver=nope'],
  ])('of %s leave no volume', async (_what, body, query) => {
    const { status } = await importing(`name=half${query}`, body())
    expect(status).toBeGreaterThanOrEqual(400)
    expect(await isFree('half')).toBe(true)
    await own('DELETE', '/half')
  })

  it('whose client goes away midway leave no volume', async () => {
    const tar = tarOf('x'.repeat(1_000_000))
    const socket = connect(server.socket)
    const head = `POST /pouch/v1/volumes/import?name=half HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-tar\r\ncontent-length: ${tar.length}\r\n\r\n`
    socket.write(head)
    await new Promise((resolve) => socket.write(tar.subarray(0, 500_000), resolve))
    const folder = join(server.home, 'memory')
    await expect.poll(() => existsSync(folder) && readdirSync(folder).some((name) => name === 'half')).toBe(true)
    socket.destroy()
    expect(await isFree('half')).toBe(true)
    expect(readdirSync(folder)).not.toContain('half')
    await own('DELETE', '/half')
  })

  it('of a name that is taken are refused at once, however much is still to come', async () => {
    await made('taken')
    const path = '/pouch/v1/volumes/import?name=taken'
    const outgoing = request({ socketPath: server.socket, path, method: 'POST', agent: false })
    onTestFinished(() => void outgoing.destroy())
    const reply = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
    })
    const sending = setInterval(() => outgoing.write(Buffer.alloc(65536)), 1)
    onTestFinished(() => clearInterval(sending))
    const incoming = await reply
    const [text] = (await once(incoming, 'data')) as [Buffer]
    expect([incoming.statusCode, JSON.parse(text.toString())]).toEqual([
      409,
      expect.objectContaining({ code: 'already-exists' }),
    ])
  })

  it('are moved to another driver, with their content', async () => {
    await made('moving')
    writeFileSync(await file('moving', 'data'), 'content')
    const { status, text } = await own('POST', '/moving/migrate', { driver: 'other' })
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect([status, lines.at(-1)]).toEqual([200, { volume: expect.objectContaining({ driver: 'other' }) }])
    expect(readFileSync(await file('moving', 'data'), 'utf8')).toBe('content')
    expect(await fact('POST', '/moving/migrate', { driver: 'nope' })).toEqual([
      404,
      expect.objectContaining({ code: 'not-found' }),
    ])
  })

  it('are taken no faster than they are read', async () => {
    const upload = (): Socket => {
      const socket = connect(server.socket)
      onTestFinished(() => void socket.destroy())
      socket.on('error', () => undefined)
      const head =
        'POST /pouch/v1/volumes/import?name=stalled HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'
      socket.write(head)
      return socket
    }
    // The first one stops in the middle; the second waits for its turn, and nobody reads it.
    upload().write('5\r\nhello\r\n')
    await expect.poll(() => readdirSync(join(server.home, 'memory'))).toContain('stalled')
    const second = upload()
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65536), Buffer.from('\r\n')])
    for (let sent = 0; sent < 400; sent += 1) second.write(chunk)
    await delay(200)
    expect(second.writableLength).toBeGreaterThan(350 * 65536)
  })
})

it('drivers tell how they are', async () => {
  const { drivers } = (await ask('GET', '/pouch/v1/drivers')).json as { drivers: object[] }
  expect(drivers).toEqual([
    expect.objectContaining({
      name: 'memory',
      state: 'open',
      isDefault: true,
      facets: expect.arrayContaining(['snapshots', 'health']),
      health: { state: 'healthy', details: { directory: expect.any(String) } },
    }),
    expect.objectContaining({ name: 'other', state: 'open', isDefault: false, facets: [] }),
  ])
  expect(drivers[1]).not.toHaveProperty('health')
})
