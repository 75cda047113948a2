import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { send } from './support/http-request.js'
import { openVolumeServer, type VolumeServer } from './support/volume-server.js'

let server: VolumeServer
beforeAll(async () => {
  server = await openVolumeServer()
})
afterAll(() => server.close())

const get = (path: string) => send(server.socket, path)
const post = (path: string, body?: unknown) => send(server.socket, path, { method: 'POST', body })
const remove = (path: string) => send(server.socket, path, { method: 'DELETE' })
const messageOf = (reply: { json: unknown }) => (reply.json as { message: string }).message

describe("Docker's routes of volumes", () => {
  it('creates a volume whose directory is there', async () => {
    const reply = await post('/v1.43/volumes/create', { Name: 'data', Driver: 'local', Labels: { a: 'b' } })
    expect(reply.status).toBe(201)
    const mountpoint = join(server.home, 'volume', 'data', '_data')
    expect(reply.json).toEqual({
      Name: 'data',
      Driver: 'local',
      Mountpoint: mountpoint,
      CreatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      Labels: { a: 'b' },
      Scope: 'local',
      Options: null,
    })
    expect(existsSync(mountpoint)).toBe(true)
    expect((await get('/volumes/data')).json).toEqual(reply.json)
  })

  it('gives a volume without a name one, and the label of anonymous ones', async () => {
    const { json } = await post('/volumes/create', {})
    const volume = json as { Name: string; Labels: Record<string, string> }
    expect(volume.Name).toMatch(/^[0-9a-f]{64}$/)
    expect(volume.Labels).toEqual({ 'com.docker.volume.anonymous': '' })
    expect((await remove(`/volumes/${volume.Name}`)).status).toBe(204)
  })

  it('returns an existing volume whatever its options are, and its own route for pouch does not', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'pouchd-adopted-'))
    onTestFinished(() => rmSync(outside, { recursive: true, force: true }))
    const [adopted, other] = [join(outside, 'adopted'), join(outside, 'other')]
    mkdirSync(adopted)
    mkdirSync(other)
    await post('/volumes/create', { Name: 'adopting', DriverOpts: { mount: adopted } })
    const again = await post('/volumes/create', { Name: 'adopting', DriverOpts: { mount: other } })
    expect([again.status, (again.json as { Options: object }).Options]).toEqual([201, { mount: adopted }])
    const pouch = await post('/pouch/v1/volumes', { name: 'adopting', options: { mount: other } })
    expect(pouch.status).toBe(409)
    expect(pouch.json).toMatchObject({ code: 'conflict', subject: 'adopting', details: { options: ['mount'] } })
    const driver = await post('/volumes/create', { Name: 'adopting', Driver: 'tmpfs' })
    expect([driver.status, messageOf(driver)]).toEqual([
      409,
      "create adopting: driver 'local' already has volume 'adopting': volume name must be unique",
    ])
    writeFileSync(join(adopted, 'kept'), '')
    expect((await remove('/volumes/adopting')).status).toBe(204)
    expect(readdirSync(adopted)).toContain('kept')
  })

  it.each([
    ['a b', 'create a b: "a b" includes invalid characters for a local volume name'],
    ['../etc', 'create ../etc: "../etc" includes invalid characters for a local volume name'],
    ['a', 'create a: volume name is too short, names should be at least two alphanumeric characters'],
    ['x\0y', 'includes invalid characters for a local volume name'],
    ['x'.repeat(300), 'create '],
  ])('refuses the name %j', async (name, message) => {
    const reply = await post('/volumes/create', { Name: name })
    expect(reply.status).toBe(400)
    expect(messageOf(reply)).toContain(message)
  })

  it('refuses an unknown driver by the names of those that there are, an unknown option, and a bad size', async () => {
    const driver = await post('/volumes/create', { Name: 'other', Driver: 'nope' })
    expect([driver.status, messageOf(driver)]).toEqual([
      404,
      'create other: error looking up volume plugin nope: plugin "nope" not found (known drivers: local, tmpfs)',
    ])
    const option = await post('/volumes/create', { Name: 'other', DriverOpts: { foo: 'bar' } })
    expect([option.status, messageOf(option)]).toEqual([400, expect.stringContaining('foo')])
    const size = await post('/volumes/create', { Name: 'other', Driver: 'tmpfs', DriverOpts: { size: '-1' } })
    expect([size.status, messageOf(size)]).toEqual([400, expect.stringContaining('-1')])
    expect((await get('/volumes/other')).status).toBe(404)
  })

  it.each([
    ['GET', '/volumes/nope', 'get nope: no such volume'],
    ['DELETE', '/volumes/nope', 'get nope: no such volume'],
    ['GET', '/volumes/..%2f..%2fetc', 'no such volume'],
    ['GET', '/volumes/a/b', 'get a/b: no such volume'],
    ['GET', '/volumes/a%00b', 'no such volume'],
    ['GET', `/volumes/${'x'.repeat(300)}`, 'no such volume'],
  ])('%s %s is not found', async (method, path, message) => {
    const reply = await send(server.socket, path, { method })
    expect(reply.status).toBe(404)
    expect(messageOf(reply)).toContain(message)
  })

  it('forgives a missing volume with force, by Docker’s rule of yes and no', async () => {
    expect((await remove('/volumes/nope?force=1')).status).toBe(204)
    expect((await remove('/volumes/nope?force=yes')).status).toBe(204)
    expect((await remove('/volumes/nope?force=0')).status).toBe(404)
    expect((await remove('/volumes/nope?force=none')).status).toBe(404)
  })

  it('lists by name, driver, label and use, in both forms of filters', async () => {
    await post('/volumes/create', { Name: 'database', Labels: { tier: 'db' } })
    const names = async (filters: object | string) => {
      const text = typeof filters === 'string' ? filters : JSON.stringify(filters)
      const reply = await get(`/volumes?filters=${encodeURIComponent(text)}`)
      return reply.status === 200
        ? (reply.json as { Volumes: { Name: string }[] }).Volumes.map(({ Name }) => Name)
        : messageOf(reply)
    }
    expect(await names({ name: { data: true } })).toEqual(['data', 'database'])
    expect(await names({ name: ['^data$'] })).toEqual(['data'])
    expect(await names({ name: ['['] })).toEqual([])
    expect(await names({ label: { 'tier=db': true } })).toEqual(['database'])
    expect(await names({ label: ['tier'], name: ['^data$'] })).toEqual([])
    expect(await names({ driver: ['tmpfs'] })).toEqual([])
    expect(await names({ dangling: ['true'], name: ['data'] })).toEqual(['data', 'database'])
    expect(await names({ dangling: ['false'] })).toEqual([])
    expect(await names({ dangling: ['x'] })).toContain("invalid filter 'dangling=[x]'")
    expect(await names({ foo: ['x'] })).toContain("invalid filter 'foo'")
    expect(await names('foo')).toContain('invalid filter')
  })

  it('prunes anonymous volumes, and named ones when asked or when an old client asks', async () => {
    const anonymous = ((await post('/volumes/create', {})).json as { Name: string }).Name
    const removed = async (path: string) => ((await post(path)).json as { VolumesDeleted: string[] }).VolumesDeleted
    expect(await removed('/v1.43/volumes/prune')).toEqual([anonymous])
    expect(
      await removed(`/v1.43/volumes/prune?filters=${encodeURIComponent('{"all":["true"],"label":["tier"]}')}`),
    ).toEqual(['database'])
    expect(await removed('/v1.41/volumes/prune')).toEqual(['data'])
    const bad = await post(`/volumes/prune?filters=${encodeURIComponent('{"until":["1h"]}')}`)
    expect([bad.status, messageOf(bad)]).toEqual([400, expect.stringContaining("invalid filter 'until'")])
  })
})

describe("Pouch's own routes", () => {
  it('shows a volume with its references', async () => {
    const made = await post('/pouch/v1/volumes', { name: 'mine', labels: { a: 'b' } })
    expect(made.status).toBe(201)
    const volume = (await get('/pouch/v1/volumes/mine')).json
    expect(volume).toMatchObject({
      name: 'mine',
      driver: 'local',
      labels: { a: 'b' },
      anonymous: false,
      references: [],
      scope: 'local',
    })
    const list = (await get('/pouch/v1/volumes')).json as { volumes: object[]; warnings: string[] }
    expect(list).toEqual({ volumes: [volume], warnings: [] })
  })

  it('is strict about fields, where Docker is not', async () => {
    const reply = await post('/pouch/v1/volumes', { name: 'mine2', lables: {} })
    expect([reply.status, messageOf(reply)]).toEqual([
      400,
      'invalid JSON: there is no field lables; there are name, driver, options, labels, from',
    ])
  })

  it('tells the drivers with the tables of their options', async () => {
    const { drivers } = (await get('/pouch/v1/drivers')).json as {
      drivers: { name: string; options: { name: string; type: string }[] }[]
    }
    expect(drivers.map(({ name }) => name)).toEqual(['local', 'tmpfs'])
    expect(drivers[0]?.options).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'mount', type: 'path' })]),
    )
    expect(drivers[1]?.options).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'size', type: 'bytes' })]),
    )
  })
})
