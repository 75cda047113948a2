import { existsSync } from 'node:fs'
import { PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it, vi } from 'vitest'
import { anonymousLabel, type Volume } from '../src/index.js'
import { memoryDriver } from '../src/testing.js'
import { freshHome, keepingLogger, openEngine, spoilt } from './support/open-engine.js'

const local = memoryDriver({ name: 'local' })
const other = memoryDriver({ name: 'other' })

describe('create', () => {
  it('makes a volume and tells all about it', async () => {
    const clock = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6)
    const { volumes } = await openEngine({ clock })
    const volume = await volumes.create({ name: 'data', options: { size: '10g' }, labels: { tier: 'db' } })
    expect(volume).toEqual({
      name: 'data',
      driver: 'local',
      options: { size: '10g' },
      labels: { tier: 'db' },
      createdAt: '2026-01-02T03:04:05.006Z',
      mountpoint: expect.stringMatching(/^\/.*\/local\/data$/),
      scope: 'local',
      sizeBytes: 10 * 1024 ** 3,
      references: [],
      anonymous: false,
      snapshotCount: 0,
      status: undefined,
    })
    expect(existsSync(volume.mountpoint ?? '')).toBe(true)
    expect(Object.isFrozen(volume) && Object.isFrozen(volume.labels) && Object.isFrozen(volume.options)).toBe(true)
    expect(await volumes.get('data')).toEqual(volume)
    expect(await volumes.path('data')).toBe(volume.mountpoint)
  })

  it('makes up a name, and labels the volume anonymous', async () => {
    const { volumes } = await openEngine()
    const volume = await volumes.create({ labels: { tier: 'db' } })
    expect(volume.name).toMatch(/^[0-9a-f]{64}$/)
    expect(volume.anonymous).toBe(true)
    expect(volume.labels).toEqual({ tier: 'db', [anonymousLabel]: '' })
  })

  it('returns the existing volume when driver and options are absent or mean the same', async () => {
    const { volumes } = await openEngine()
    const first = await volumes.create({ name: 'data', options: { size: '10g' } })
    expect(await volumes.create({ name: 'data' })).toEqual(first)
    expect(await volumes.create({ name: 'data', driver: 'local', options: {} })).toEqual(first)
    expect(await volumes.create({ name: 'data', options: { 'opt.size': '10GB' }, labels: { ignored: '' } })).toEqual(
      first,
    )
  })

  it('refuses other options by name, unless the existing volume is wanted whatever it is', async () => {
    const log = keepingLogger()
    const { volumes } = await openEngine({ log })
    const first = await volumes.create({ name: 'data', options: { size: '10g' } })
    const request = { name: 'data', options: { size: '20g', note: 'new' } }
    await expect(volumes.create(request)).rejects.toMatchObject({
      code: 'conflict',
      details: { options: ['note', 'size'] },
    })
    expect(await volumes.create({ ...request, ifExists: 'return' })).toEqual(first)
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { volume: 'data', options: ['note', 'size'] } }])
  })

  it('refuses a name that another driver has', async () => {
    const { volumes } = await openEngine({ drivers: [local, other] })
    await volumes.create({ name: 'data' })
    const request = { name: 'data', driver: 'other', ifExists: 'return' } as const
    await expect(volumes.create(request)).rejects.toMatchObject({
      code: 'already-exists',
      message: "create data: driver 'local' already has volume 'data': volume name must be unique",
    })
  })

  it('refuses an unknown driver at once, and tells the known ones', async () => {
    const { volumes } = await openEngine({ drivers: [other, local] })
    const refusal = { code: 'not-found', details: { driver: 'nope', drivers: ['local', 'other'] } }
    await expect(volumes.create({ name: 'data', driver: 'nope' })).rejects.toMatchObject(refusal)
    expect(await volumes.find('data')).toBeUndefined()
  })

  it.each([
    [{ name: '../up' }],
    [{ name: 'x' }],
    [{ name: 'data', options: { colour: 'red' } }],
    [{ name: 'data', options: { size: 'big' } }],
    [{ name: 'data', options: { size: 7 } }],
    [{ name: 'data', options: ['size'] }],
    [{ name: 'data', labels: { '': 'x' } }],
    [{ name: 'data', labels: { tier: null } }],
  ])('refuses bad input: %j', async (request) => {
    const home = freshHome()
    const { volumes } = await openEngine({ home })
    await expect(volumes.create(request as never)).rejects.toMatchObject({
      code: 'invalid-argument',
      op: 'volume.create',
    })
    expect((await volumes.list()).volumes).toEqual([])
  })

  it('leaves nothing of a volume that its driver could not make, and says who failed', async () => {
    const full = new PouchError('exhausted', 'no space left', { details: { freeBytes: 0 } })
    let isFull = true
    const driver = spoilt(local, (good) => ({
      create: async (volume, call) => {
        const made = await good.create(volume, call)
        if (isFull) throw full
        return made
      },
    }))
    const home = freshHome()
    const store = memoryStore()
    const { volumes } = await openEngine({ home, store, drivers: [driver] })
    await expect(volumes.create({ name: 'data' })).rejects.toMatchObject({
      code: 'exhausted',
      message: 'create data: no space left',
      op: 'volume.create',
      subject: 'data',
      details: { driver: 'local', freeBytes: 0 },
      cause: full,
    })
    expect(existsSync(`${home}/local/data`)).toBe(false)
    expect(await volumes.find('data')).toBeUndefined()
    expect(await store.get('volume/data')).toBeUndefined()
    isFull = false
    expect((await volumes.create({ name: 'data' })).name).toBe('data')
  })

  it('keeps a create that can neither be made nor undone in sight, until it can be removed', async () => {
    let isBroken = true
    const fail = async () => {
      if (isBroken) throw new PouchError('internal', 'the disk is gone')
      return undefined
    }
    const home = freshHome()
    const driver = spoilt(local, () => ({ create: fail, remove: fail }))
    const { volumes } = await openEngine({ home, drivers: [driver] })
    await expect(volumes.create({ name: 'data' })).rejects.toThrow('create data: the disk is gone')
    const { volumes: listed, warnings } = await volumes.list()
    expect(listed).toMatchObject([{ name: 'data', status: { phase: 'removing' } }])
    expect(warnings).toEqual(['volume data is unfinished: remove data: the disk is gone'])
    await expect(volumes.attach('data', { holder: 'me' })).rejects.toThrow('the disk is gone')
    isBroken = false
    await volumes.remove('data')
    expect((await volumes.list()).volumes).toEqual([])
  })

  it('makes one volume of many calls at a time', async () => {
    const { volumes, events } = await openEngine()
    const created = vi.fn()
    events.on('volume.created', created)
    const made = await Promise.all(Array.from({ length: 20 }, () => volumes.create({ name: 'data' })))
    expect(new Set(made.map(({ createdAt }) => createdAt)).size).toBe(1)
    expect(created).toHaveBeenCalledTimes(1)
  })
})

describe('get, find and list', () => {
  it('tell a volume that is not there apart', async () => {
    const { volumes } = await openEngine()
    await expect(volumes.get('data')).rejects.toMatchObject({ code: 'not-found', message: 'get data: no such volume' })
    await expect(volumes.get('../../etc')).rejects.toMatchObject({ code: 'not-found' })
    expect(await volumes.find('data')).toBeUndefined()
  })

  it('list by name, and by every filter', async () => {
    const { volumes } = await openEngine({ drivers: [local, other] })
    await volumes.create({ name: 'web', labels: { tier: 'front', team: 'a' } })
    await volumes.create({ name: 'db', driver: 'other', labels: { tier: 'back', team: 'a' } })
    await volumes.create({ name: 'cache', labels: { tier: 'back' } })
    await volumes.attach('cache', { holder: 'me' })
    const names = async (filter: Parameters<typeof volumes.list>[0]) =>
      (await volumes.list(filter)).volumes.map(({ name }) => name)
    expect(await names({})).toEqual(['cache', 'db', 'web'])
    expect(await names({ names: ['db', 'nope'] })).toEqual(['db'])
    expect(await names({ names: [/b$/g] })).toEqual(['db', 'web'])
    expect(await names({ drivers: ['other', 'nope'] })).toEqual(['db'])
    expect(await names({ labels: ['tier=back'] })).toEqual(['cache', 'db'])
    expect(await names({ labels: ['tier=back', 'team'] })).toEqual(['db'])
    expect(await names({ labels: ['toString'] })).toEqual([])
    expect(await names({ dangling: true })).toEqual(['db', 'web'])
    expect(await names({ dangling: false })).toEqual(['cache'])
    expect(await names({ names: [] })).toEqual([])
  })

  it('warn of a driver that fails or hangs, and list its volumes all the same', async () => {
    const home = freshHome()
    const store = memoryStore()
    const first = await openEngine({ home, store, drivers: [local, other] })
    await first.volumes.create({ name: 'good' })
    await first.volumes.create({ name: 'slow', driver: 'other' })
    await first.close()
    const hanging = spoilt(other, () => ({ path: () => new Promise(() => undefined) }))
    const { volumes } = await openEngine({ home, store, drivers: [local, hanging] })
    const begun = Date.now()
    const { volumes: listed, warnings } = await volumes.list({}, { timeoutMs: 50 })
    expect(Date.now() - begun).toBeLessThan(2000)
    expect(listed.map(({ name }) => name)).toEqual(['good', 'slow'])
    expect(listed[1]?.mountpoint).toBeUndefined()
    expect(warnings).toEqual([expect.stringMatching(/^list other: .*did not answer within 50 ms/)])
  })
})

describe('remove and prune', () => {
  it('remove the volume with its data', async () => {
    const { volumes } = await openEngine()
    const { mountpoint } = await volumes.create({ name: 'data' })
    await volumes.remove('data')
    expect(existsSync(mountpoint ?? '')).toBe(false)
    await expect(volumes.remove('data')).rejects.toMatchObject({
      code: 'not-found',
      message: 'get data: no such volume',
    })
  })

  it('leave a volume as it was that its driver refuses to remove', async () => {
    let isBusy = true
    const driver = spoilt(local, (good) => ({
      remove: async (volume, call) => {
        if (isBusy) throw new PouchError('in-use', 'something is mounted in it')
        await good.remove(volume, call)
      },
    }))
    const store = memoryStore()
    const home = freshHome()
    const first = await openEngine({ home, store, drivers: [driver] })
    const made = await first.volumes.create({ name: 'data' })
    await expect(first.volumes.remove('data')).rejects.toMatchObject({ code: 'in-use' })
    expect(await first.volumes.get('data')).toEqual(made)
    await first.close()
    const second = await openEngine({ home, store, drivers: [driver] })
    expect(await second.volumes.get('data')).toEqual(made)
    isBusy = false
    await second.volumes.remove('data')
  })

  it('never show a volume as whole whose removal failed midway, and finish it before the name is used again', async () => {
    let fails = 1
    const driver = spoilt(local, (good) => ({
      remove: async (volume, call) => {
        fails -= 1
        if (fails >= 0) throw new Error('half of it is gone')
        await good.remove(volume, call)
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    const first = await volumes.create({ name: 'data', options: { note: 'old' } })
    await expect(volumes.remove('data')).rejects.toThrow('remove data: half of it is gone')
    expect((await volumes.get('data')).status).toEqual({ phase: 'removing', error: 'remove data: half of it is gone' })
    const second = await volumes.create({ name: 'data', options: { note: 'new' } })
    expect(second).toMatchObject({ status: undefined, options: { note: 'new' }, mountpoint: first.mountpoint })
  })

  it('prune anonymous volumes, or all, but none that is held or has options', async () => {
    const { volumes, events } = await openEngine()
    const pruned = vi.fn()
    events.on('volume.pruned', pruned)
    const { name: anonymous } = await volumes.create({})
    const { name: held } = await volumes.create({ labels: { keep: 'no' } })
    await volumes.reserve(held, { holder: 'me' })
    await volumes.create({ name: 'named', labels: { keep: 'no' } })
    await volumes.create({ name: 'kept', labels: { keep: 'yes' } })
    await volumes.create({ name: 'sized', options: { size: '1g' } })
    const { name: optional } = await volumes.create({ options: { note: 'mine' } })
    const left = (...names: string[]) => [
      `prune left ${names.join(', ')}: with driver options the data may not be of this volume alone; remove what you want gone by its name`,
    ]
    expect(await volumes.prune()).toEqual({ removed: [anonymous], reclaimedBytes: 0, warnings: left(optional) })
    await volumes.remove(optional)
    expect(await volumes.prune({ all: true, labels: ['keep'], notLabels: ['keep=yes'] })).toMatchObject({
      removed: ['named'],
      warnings: [],
    })
    expect(await volumes.prune({ all: true })).toMatchObject({ removed: ['kept'], warnings: left('sized') })
    expect((await volumes.list()).volumes.map(({ name }) => name)).toEqual([held, 'sized'])
    expect(pruned).toHaveBeenCalledTimes(3)
  })

  it('prune leaves what is of other hosts too, or of a driver that is not there, and says so in a line each', async () => {
    const home = freshHome()
    const store = memoryStore()
    const shared = spoilt({ ...memoryDriver({ name: 'shared' }) }, (good) => ({
      traits: { ...good.traits, scope: 'global' },
    }))
    const first = await openEngine({ home, store, drivers: [local, shared, memoryDriver({ name: 'gone' })] })
    for (let at = 0; at < 12; at += 1)
      await first.volumes.create({ name: `s${String(at).padStart(2, '0')}`, driver: 'shared' })
    await first.volumes.create({ name: 'lost', driver: 'gone' })
    await first.close()
    const { volumes } = await openEngine({ home, store, drivers: [local, shared] })
    expect(await volumes.prune({ all: true })).toMatchObject({
      removed: [],
      warnings: [
        'prune left lost: volume driver gone is not available; remove what you want gone by its name',
        'prune left s00, s01, s02, s03, s04, s05, s06, s07, s08, s09 and 2 more: driver shared shares them with other hosts; remove what you want gone by its name',
      ],
    })
  })

  it('prune one at a time, and warn of what could not be removed', async () => {
    const driver = spoilt(local, () => ({ remove: () => Promise.reject(new Error('no')) }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await volumes.create({ name: 'data' })
    const [first, second] = await Promise.allSettled([volumes.prune({ all: true }), volumes.prune({ all: true })])
    expect(first).toMatchObject({ value: { removed: [], warnings: ['remove data: no'] } })
    expect(second).toMatchObject({ reason: { code: 'conflict', message: 'a prune operation is already running' } })
  })
})

describe('events', () => {
  it('come in order, once the state is durable, and a listener that throws fails nobody', async () => {
    const store = memoryStore()
    const { volumes, events } = await openEngine({
      store,
      drivers: [memoryDriver({ name: 'local', mounts: 'volume' })],
    })
    const told: string[] = []
    const stored: unknown[] = []
    events.on('volume.created', (volume: Volume) => {
      told.push(`created ${volume.name}`)
      stored.push(store.get('volume/data'))
      throw new Error('a bad listener')
    })
    events.on('volume.attached', (volume, { id }) => told.push(`attached ${volume.name} ${id}`))
    events.on('volume.mounted', (volume, { id, path }) =>
      told.push(`mounted ${volume.name} ${id} ${path === volume.mountpoint}`),
    )
    events.on('volume.unmounted', (volume, { id }) => told.push(`unmounted ${volume.name} ${id}`))
    events.on('volume.detached', (volume, { id }) => told.push(`detached ${volume.name} ${id}`))
    events.on('volume.removed', (volume) => told.push(`removed ${volume.name}`))
    await volumes.create({ name: 'data' })
    await volumes.attach('data', { holder: 'me', id: 'one' })
    await volumes.detach('data', 'one')
    await volumes.remove('data')
    expect(told).toEqual([
      'created data',
      'attached data one',
      'mounted data one true',
      'unmounted data one',
      'detached data one',
      'removed data',
    ])
    expect(await stored[0]).toMatchObject({ key: 'volume/data' })
  })
})
