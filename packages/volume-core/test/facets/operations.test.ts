import { PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it, vi } from 'vitest'
import { type DriverVolume, facetNames } from '../../src/driver.js'
import type { DriverDefinition, VolumeEngine } from '../../src/index.js'
import { memoryDriver } from '../../src/testing.js'
import { freshHome, openEngine, spoilt } from '../support/open-engine.js'
import { codeOf, fullDriver, onHost, read, replaced, write } from './support.js'

async function withVolume(drivers: readonly DriverDefinition[] = [fullDriver('local')]) {
  const home = freshHome()
  const engine = await openEngine({ home, drivers })
  await engine.volumes.create({ name: 'vol' })
  write(home, 'local', 'vol', 'one')
  return { home, engine, volumes: engine.volumes }
}

const failing = (operation: string, error: () => unknown): DriverDefinition =>
  replaced(fullDriver('local'), { [operation]: async () => Promise.reject(error()) })

describe('snapshots', () => {
  it('are told with their facts, oldest first, and counted', async () => {
    const { engine, volumes } = await withVolume()
    const told = vi.fn()
    engine.events.on('volume.snapshotted', told)
    const first = await volumes.createSnapshot('vol', { name: 'first', labels: { why: 'test' } })
    expect(first).toEqual({
      name: 'first',
      volume: 'vol',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      labels: { why: 'test' },
      method: 'copy',
      isConsistent: true,
      sizeBytes: expect.anything(),
    })
    const second = await volumes.createSnapshot('vol')
    expect(second.name).toMatch(/^\d{8}-\d{6}-\d{3}$/)
    expect((await volumes.snapshots('vol')).map(({ name }) => name)).toEqual(['first', second.name])
    expect((await volumes.get('vol')).snapshotCount).toBe(2)
    expect(told).toHaveBeenCalledTimes(2)
  })

  it('keep a volume from being removed, and from moving', async () => {
    const { volumes } = await withVolume([fullDriver('local'), fullDriver('other')])
    await volumes.createSnapshot('vol', { name: 'snap' })
    await expect(volumes.remove('vol')).rejects.toMatchObject({
      code: 'in-use',
      details: { snapshots: ['snap'] },
      message: 'remove vol: the volume has snapshots - [snap]: remove them first',
    })
    expect(await codeOf(volumes.migrate('vol', { driver: 'other' }))).toBe('in-use')
    const { removed, warnings } = await volumes.prune({ all: true })
    expect({ removed, warnings }).toEqual({ removed: [], warnings: [expect.stringContaining('has snapshots')] })
    await volumes.removeSnapshot('vol', 'snap')
    await volumes.remove('vol')
  })

  it('bring content back, but not under somebody', async () => {
    const { engine, home, volumes } = await withVolume()
    const restored = vi.fn()
    engine.events.on('volume.restored', restored)
    await volumes.createSnapshot('vol', { name: 'snap' })
    write(home, 'local', 'vol', 'two')
    const { id } = await volumes.attach('vol', { holder: 'somebody' })
    await expect(volumes.restoreSnapshot('vol', 'snap')).rejects.toMatchObject({
      code: 'in-use',
      details: { holders: ['somebody'] },
    })
    await volumes.unmount('vol', id)
    await volumes.restoreSnapshot('vol', 'snap')
    expect(read(home, 'local', 'vol')).toBe('one')
    expect(restored).toHaveBeenCalledOnce()
  })

  it('are refused by name, twice, and when there is none', async () => {
    const { volumes } = await withVolume()
    await volumes.createSnapshot('vol', { name: 'snap' })
    expect(await codeOf(volumes.createSnapshot('vol', { name: 'snap' }))).toBe('already-exists')
    expect(await codeOf(volumes.createSnapshot('vol', { name: '../snap' }))).toBe('invalid-argument')
    expect(await codeOf(volumes.createSnapshot('none'))).toBe('not-found')
    await expect(volumes.restoreSnapshot('vol', 'other')).rejects.toMatchObject({
      code: 'not-found',
      message: 'restore vol: no such snapshot: "other"; it has snap',
    })
    expect(await codeOf(volumes.removeSnapshot('vol', 'other'))).toBe('not-found')
  })

  it('of what somebody writes into are copies that are asked for', async () => {
    const { volumes } = await withVolume()
    const reader = await volumes.attach('vol', { holder: 'reader', readOnly: true })
    expect(await volumes.createSnapshot('vol', { name: 'read' })).toMatchObject({ isConsistent: true })
    await volumes.detach('vol', reader.id)
    await volumes.attach('vol', { holder: 'writer' })
    expect(await codeOf(volumes.createSnapshot('vol', { name: 'no' }))).toBe('in-use')
    const copy = await volumes.createSnapshot('vol', { name: 'yes', allowInconsistent: true })
    expect(copy.isConsistent).toBe(false)
    expect((await volumes.snapshots('vol')).map(({ name }) => name)).toEqual(['read', 'yes'])
  })
})

describe('an update', () => {
  it('changes labels and size, both or neither', async () => {
    const { engine, volumes } = await withVolume()
    const updated = vi.fn()
    engine.events.on('volume.updated', updated)
    const volume = await volumes.update('vol', { labels: { one: '1', two: '2' }, sizeBytes: 2 ** 30 })
    expect(volume).toMatchObject({ labels: { one: '1', two: '2' }, sizeBytes: 2 ** 30 })
    await volumes.update('vol', { labels: { one: null } })
    expect((await volumes.get('vol')).labels).toEqual({ two: '2' })
    expect(updated).toHaveBeenCalledTimes(2)
    expect(await codeOf(volumes.update('vol', { labels: { two: 'x' }, sizeBytes: 1 }))).toBe('exhausted')
    expect(await volumes.get('vol')).toMatchObject({ labels: { two: '2' }, sizeBytes: 2 ** 30, status: undefined })
  })

  it.each([
    [{}],
    [{ sizeBytes: 0 }],
    [{ sizeBytes: 1.5 }],
    [{ labels: { '': 'x' } }],
    [{ labels: ['x'] as unknown as Record<string, string> }],
  ])('refuses %j', async (request) => {
    const { volumes } = await withVolume()
    expect(await codeOf(volumes.update('vol', request))).toBe('invalid-argument')
  })

  it('that fails midway is finished by the next operation, which it does not hold up', async () => {
    let failures = 2
    const resize = async (_volume: unknown, sizeBytes: number) => {
      failures -= 1
      if (failures >= 0) throw new PouchError('internal', 'broken pipe')
      return { sizeBytes }
    }
    const { volumes } = await withVolume([replaced(fullDriver('local'), { 'resizing.resize': resize })])
    expect(await codeOf(volumes.update('vol', { sizeBytes: 1000 }))).toBe('internal')
    expect((await volumes.get('vol')).status?.error).toContain('broken pipe')
    await volumes.attach('vol', { holder: 'first' })
    expect((await volumes.get('vol')).status?.error).toContain('broken pipe')
    await volumes.attach('vol', { holder: 'second' })
    expect(await volumes.get('vol')).toMatchObject({ status: undefined, sizeBytes: 1000 })
  })
})

describe('a removal', () => {
  it('needs no resize finished that cannot be', async () => {
    const { home, volumes } = await withVolume([failing('resizing.resize', () => new Error('for ever'))])
    expect(await codeOf(volumes.update('vol', { sizeBytes: 1000 }))).toBe('internal')
    await volumes.remove('vol')
    expect(onHost(home)).toEqual([])
  })

  it('waits for a snapshot that cannot be removed', async () => {
    const { home, volumes } = await withVolume([failing('snapshots.remove', () => new Error('for ever'))])
    await volumes.createSnapshot('vol', { name: 'snap' })
    expect(await codeOf(volumes.removeSnapshot('vol', 'snap'))).toBe('internal')
    expect((await volumes.get('vol')).snapshotCount).toBe(0)
    expect(await codeOf(volumes.remove('vol'))).toBe('internal')
    expect(onHost(home)).toEqual(['local/vol=one', 'local/vol@snap'])
    expect((await volumes.list()).warnings).toEqual([expect.stringContaining('for ever')])
  })
})

describe('a rename', () => {
  it('takes content, labels and snapshots along', async () => {
    const { engine, home, volumes } = await withVolume()
    const renamed = vi.fn()
    engine.events.on('volume.renamed', renamed)
    await volumes.update('vol', { labels: { kept: 'yes' } })
    await volumes.createSnapshot('vol', { name: 'snap' })
    const before = await volumes.get('vol')
    const volume = await volumes.rename('vol', 'new')
    expect(volume).toEqual({ ...before, name: 'new', mountpoint: before.mountpoint?.replace(/vol$/, 'new') })
    expect(onHost(home)).toEqual(['local/new=one', 'local/new@snap'])
    expect(await volumes.find('vol')).toBeUndefined()
    expect(renamed).toHaveBeenCalledExactlyOnceWith(volume, 'vol')
    expect((await volumes.list()).volumes.map(({ name }) => name)).toEqual(['new'])
  })

  it('makes an anonymous volume a named one, which prune leaves alone', async () => {
    const { volumes } = await withVolume()
    const { name } = await volumes.create()
    expect(await volumes.rename(name, 'named')).toMatchObject({ anonymous: false, labels: {} })
    expect((await volumes.prune()).removed).toEqual([])
  })

  it('is refused while somebody holds the volume, and for a name that is taken', async () => {
    const { volumes } = await withVolume()
    await volumes.create({ name: 'taken' })
    await expect(volumes.rename('vol', 'taken')).rejects.toMatchObject({ code: 'already-exists', op: 'volume.rename' })
    await volumes.reserve('vol', { holder: 'somebody' })
    await expect(volumes.rename('vol', 'new')).rejects.toMatchObject({
      code: 'in-use',
      details: { holders: ['somebody'] },
    })
    expect(await codeOf(volumes.rename('vol', 'n'))).toBe('invalid-argument')
    expect(await volumes.rename('vol', 'vol')).toMatchObject({ name: 'vol' })
  })

  it('that the driver refuses is taken back', async () => {
    const refusal = () => new PouchError('permission-denied', 'not this one')
    const { home, volumes } = await withVolume([failing('renaming.rename', refusal)])
    expect(await codeOf(volumes.rename('vol', 'new'))).toBe('permission-denied')
    expect((await volumes.list()).volumes).toMatchObject([{ name: 'vol', status: undefined }])
    expect(onHost(home)).toEqual(['local/vol=one'])
  })

  it('that is unfinished lets nobody have the old name', async () => {
    const { volumes } = await withVolume([failing('renaming.rename', () => new PouchError('timeout', 'too slow'))])
    expect(await codeOf(volumes.rename('vol', 'new'))).toBe('timeout')
    await expect(volumes.create({ name: 'vol' })).rejects.toMatchObject({ code: 'in-use', details: { volume: 'new' } })
    expect(await codeOf(volumes.attach('new', { holder: 'somebody' }))).toBe('timeout')
    expect((await volumes.list()).warnings).toEqual([expect.stringContaining('too slow')])
  })

  it('of many at a time in a ring waits for nobody for ever', async () => {
    const { volumes } = await withVolume()
    await volumes.create({ name: 'wol' })
    const results = await Promise.all([codeOf(volumes.rename('vol', 'wol')), codeOf(volumes.rename('wol', 'vol'))])
    expect(results).toEqual(['already-exists', 'already-exists'])
  })
})

describe('a clone', () => {
  it('is a volume of its own, with the options of its source', async () => {
    const { home, volumes } = await withVolume()
    await volumes.create({ name: 'source', options: { note: 'a' } })
    write(home, 'local', 'source', 'content')
    const clone = await volumes.create({ name: 'clone', labels: { new: '1' }, from: { volume: 'source' } })
    expect(clone).toMatchObject({ driver: 'local', options: { note: 'a' }, labels: { new: '1' }, snapshotCount: 0 })
    write(home, 'local', 'source', 'changed')
    expect(read(home, 'local', 'clone')).toBe('content')
  })

  it('has the size that its source was brought to, and tells it to its driver', async () => {
    const { volumes } = await withVolume()
    await volumes.create({ name: 'source', options: { size: '1m' } })
    await volumes.update('source', { sizeBytes: 2 ** 22 })
    await volumes.createSnapshot('source', { name: 'snap' })
    const clone = await volumes.create({ name: 'clone', from: { volume: 'source' } })
    expect(clone).toMatchObject({ sizeBytes: 2 ** 22, options: { size: '1m' } })
    expect(await volumes.create({ name: 'kept', from: { volume: 'source', snapshot: 'snap' } })).toMatchObject({
      sizeBytes: 2 ** 22,
    })
    expect(await volumes.create({ name: 'second', from: { volume: 'clone' } })).toMatchObject({ sizeBytes: 2 ** 22 })
  })

  it('has that size also where its driver tells none', async () => {
    const told: (number | undefined)[] = []
    const clone = async (volume: DriverVolume) => void told.push(volume.sizeBytes)
    const rename = async () => undefined
    const silent = replaced(fullDriver('local'), { 'cloning.clone': clone, 'renaming.rename': rename })
    const { volumes } = await withVolume([silent])
    expect((await volumes.create({ name: 'first', from: { volume: 'vol' } })).sizeBytes).toBeUndefined()
    await volumes.update('vol', { sizeBytes: 2 ** 22 })
    expect((await volumes.create({ name: 'second', from: { volume: 'vol' } })).sizeBytes).toBe(2 ** 22)
    expect(told).toEqual([undefined, 2 ** 22])
  })

  it('of options of its own has the size that they say', async () => {
    const { volumes } = await withVolume()
    await volumes.update('vol', { sizeBytes: 2 ** 22 })
    const from = { volume: 'vol' }
    expect((await volumes.create({ name: 'small', options: { size: '2m' }, from })).sizeBytes).toBe(2 ** 21)
    expect((await volumes.create({ name: 'free', options: { note: 'a' }, from })).sizeBytes).toBeUndefined()
  })

  it('is refused where it cannot be one', async () => {
    const { volumes } = await withVolume([fullDriver('local'), fullDriver('other')])
    const from = { volume: 'vol' }
    expect(await codeOf(volumes.create({ name: 'vol', from }))).toBe('already-exists')
    expect(await codeOf(volumes.create({ name: 'new', from: { volume: 'none' } }))).toBe('not-found')
    expect(await codeOf(volumes.create({ name: 'new', from: { volume: 'vol', snapshot: 'none' } }))).toBe('not-found')
    expect(await codeOf(volumes.create({ name: 'new', driver: 'other', from }))).toBe('invalid-argument')
    await volumes.attach('vol', { holder: 'writer' })
    expect(await codeOf(volumes.create({ name: 'new', from }))).toBe('in-use')
    expect((await volumes.list()).volumes.map(({ name }) => name)).toEqual(['vol'])
    await volumes.create({ name: 'new', from: { ...from, allowInconsistent: true } })
    expect(await volumes.create({ name: 'vol', from, ifExists: 'return' })).toMatchObject({ name: 'vol' })
  })
})

describe('a facet that is lacking', () => {
  const calls: Record<string, (volumes: VolumeEngine['volumes']) => Promise<unknown>> = {
    snapshots: (volumes) => volumes.createSnapshot('vol'),
    resizing: (volumes) => volumes.update('vol', { sizeBytes: 1000 }),
    renaming: (volumes) => volumes.rename('vol', 'new'),
    cloning: (volumes) => volumes.create({ name: 'new', from: { volume: 'vol' } }),
  }

  it.each(Object.entries(calls))('of a driver, %s, is unsupported, and says who has it', async (facet, call) => {
    const { volumes } = await withVolume([memoryDriver({ name: 'local' }), fullDriver('other')])
    await expect(call(volumes)).rejects.toMatchObject({
      code: 'unsupported',
      details: { driver: 'local', facet },
      message: expect.stringContaining('these can: other'),
    })
  })

  it.each(Object.entries(calls))(
    'of one volume, %s, is unsupported with the reason that describe tells',
    async (facet, call) => {
      const { volumes } = await withVolume()
      await volumes.remove('vol')
      await volumes.create({ name: 'vol', options: { without: facet } })
      const { facets } = await volumes.describe('vol')
      const reason = `the volume was made without ${facet}`
      expect(facets).toMatchObject({ [facet]: reason, usage: true })
      await expect(call(volumes)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining(reason),
      })
    },
  )
})

describe('what is told of a volume', () => {
  it('are its facets, facts and snapshots', async () => {
    const { home, volumes } = await withVolume([memoryDriver({ name: 'local', facets: [...facetNames] })])
    await volumes.createSnapshot('vol', { name: 'snap' })
    expect(await volumes.describe('vol')).toEqual({
      facets: Object.fromEntries(facetNames.map((facet) => [facet, true])),
      facts: { directory: `${home}/local/vol` },
      status: { kept: 'directory' },
      snapshots: [expect.objectContaining({ name: 'snap' })],
    })
    await volumes.create({ name: 'direct', options: { direct: 'true' } })
    expect((await volumes.describe('direct')).facets.mounts).toContain('needs no mount')
    expect((await volumes.get('direct')).mountpoint).toBe(`${home}/local/direct`)
    expect(await codeOf(volumes.describe('none'))).toBe('not-found')
  })

  it('is what it takes up, by its driver or by a walk', async () => {
    const { home, volumes } = await withVolume([fullDriver('local'), memoryDriver({ name: 'bare' })])
    expect(await volumes.measure('vol')).toMatchObject({ source: 'walk', usedInodes: 1 })
    await volumes.create({ name: 'bare', driver: 'bare' })
    write(home, 'bare', 'bare', '12345')
    expect(await volumes.measure('bare')).toEqual({ usedBytes: 5, usedInodes: 2, source: 'walk' })
    const usages = await volumes.usages()
    expect(usages.map(({ volume, error }) => [volume, error])).toEqual([
      ['bare', undefined],
      ['vol', undefined],
    ])
  })

  it('is why it cannot be measured, which stops no other', async () => {
    const bare = memoryDriver({ name: 'bare', mounts: 'volume' })
    const { home, volumes } = await withVolume([fullDriver('local'), bare])
    await volumes.create({ name: 'bare', driver: 'bare' })
    expect(await volumes.usages()).toMatchObject([
      { volume: 'bare', usage: undefined, error: expect.stringContaining('attach it') },
      { volume: 'vol', usage: { source: 'walk' }, error: undefined },
    ])
    await volumes.attach('bare', { holder: 'somebody' })
    write(home, 'bare', 'bare', '12345')
    expect(await volumes.measure('bare')).toMatchObject({ usedBytes: 5 })
  })

  it('is what a prune has reclaimed', async () => {
    const { home, volumes } = await withVolume([memoryDriver({ name: 'local' })])
    write(home, 'local', 'vol', '12345')
    expect(await volumes.prune({ all: true })).toEqual({ removed: ['vol'], reclaimedBytes: 5, warnings: [] })
  })
})

describe('a forced removal', () => {
  const stuck = () =>
    spoilt(memoryDriver({ name: 'local' }), () => ({
      remove: async () => {
        throw new PouchError('internal', 'it is stuck')
      },
    }))

  it('forgets a volume that its driver fails to remove, and throws what it said', async () => {
    const { engine, volumes } = await withVolume([stuck()])
    const removed = vi.fn()
    engine.events.on('volume.removed', removed)
    expect(await codeOf(volumes.remove('vol', { force: true }))).toBe('internal')
    expect(await volumes.find('vol')).toBeUndefined()
    expect(removed).toHaveBeenCalledOnce()
  })

  it('tells where its data may be', async () => {
    const { volumes } = await withVolume([stuck()])
    const fate = "the volume is forgotten here, and its data may still be at driver 'local'"
    await expect(volumes.remove('vol', { force: true })).rejects.toMatchObject({
      message: `remove vol: it is stuck; ${fate}: look for it where the driver keeps its volumes`,
      op: 'volume.remove',
      subject: 'vol',
      details: { isForgotten: true },
    })
  })

  it('takes nothing from who holds it', async () => {
    const { volumes } = await withVolume([stuck()])
    await volumes.reserve('vol', { holder: 'somebody' })
    expect(await codeOf(volumes.remove('vol', { force: true }))).toBe('in-use')
    expect((await volumes.get('vol')).references).toHaveLength(1)
  })
})

describe('health', () => {
  it('is told of every driver, within two seconds', async () => {
    const mute = replaced(fullDriver('mute'), { 'health.check': () => new Promise(() => undefined) })
    const broken = { ...memoryDriver({ name: 'broken' }), open: async () => Promise.reject(new Error('no backend')) }
    const drivers = [fullDriver('local'), memoryDriver({ name: 'bare' }), mute, broken]
    const engine = await openEngine({ drivers, store: memoryStore() })
    const startMs = performance.now()
    const health = await engine.health()
    expect(performance.now() - startMs).toBeLessThan(2500)
    expect(health).toMatchObject([
      { driver: 'local', health: { state: 'healthy' }, error: undefined },
      { driver: 'bare', health: undefined, error: undefined },
      { driver: 'mute', health: undefined, error: { code: 'timeout' } },
      { driver: 'broken', health: undefined, error: { code: 'unavailable' } },
    ])
  })

  it('is no facet of a driver that lacks half of one', async () => {
    const half = spoilt(memoryDriver({ name: 'local' }), () => ({
      snapshots: { create: async () => undefined } as never,
    }))
    const engine = await openEngine({ drivers: [half] })
    expect(engine.drivers()).toMatchObject([
      { state: 'failed', error: { message: expect.stringContaining('lacks remove and list and restore') } },
    ])
  })
})
