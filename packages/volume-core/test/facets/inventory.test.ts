import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it } from 'vitest'
import type { DriverCall } from '../../src/driver.js'
import type { DriverDefinition } from '../../src/index.js'
import { memoryDriver } from '../../src/testing.js'
import { freshHome, openEngine } from '../support/open-engine.js'
import { codeOf, fullDriver, replaced, write } from './support.js'

const plain = () => memoryDriver({ name: 'local' })
const backend = (name = 'backend') => fullDriver(name, undefined, ['inventory'])
const never = () => new Promise<never>(() => undefined)
const hang = (_: string, { signal }: DriverCall) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(PouchError.from(signal.reason)), { once: true })
  })
const down = async () => Promise.reject(new PouchError('unavailable', 'the backend does not answer'))

async function withFound(drivers: readonly DriverDefinition[] = [plain(), backend()]) {
  const home = freshHome()
  write(home, 'backend', 'found', 'data')
  const store = memoryStore()
  const engine = await openEngine({ home, drivers, store })
  return { home, store, engine, volumes: engine.volumes }
}

const namesOf = ({ volumes }: { readonly volumes: readonly { readonly name: string }[] }) =>
  volumes.map(({ name }) => name)

describe('a volume that only a backend has', () => {
  it('is listed, found and described, and not recorded for that', async () => {
    const { home, store, volumes } = await withFound()
    await volumes.create({ name: 'zz' })
    await volumes.create({ name: 'aa' })
    const list = await volumes.list()
    expect(namesOf(list)).toEqual(['aa', 'found', 'zz'])
    expect(list.warnings).toEqual([])
    expect(await volumes.get('found')).toEqual(list.volumes[1])
    expect(list.volumes[1]).toMatchObject({ driver: 'backend', mountpoint: join(home, 'backend/found'), labels: {} })
    expect((await volumes.describe('found')).status).toEqual({ kept: 'directory' })
    expect(namesOf(await volumes.list({ labels: ['any'] }))).toEqual([])
    expect(namesOf(await volumes.list({ drivers: ['backend'], dangling: true }))).toEqual(['found'])
    expect(await store.get('volume/found')).toBeUndefined()
    expect(await volumes.find('nobody')).toBeUndefined()
  })

  it.each([
    ['attach', (volumes) => volumes.attach('found', { holder: 'somebody' })],
    ['reserve', (volumes) => volumes.reserve('found', { holder: 'somebody' })],
    ['update', (volumes) => volumes.update('found', { labels: { mine: 'yes' } })],
    ['create', (volumes) => volumes.create({ name: 'found', labels: { mine: 'yes' } })],
    ['create at its driver', (volumes) => volumes.create({ name: 'found', driver: 'backend' })],
    ['snapshot', (volumes) => volumes.createSnapshot('found', { name: 'snap' })],
    ['rename', (volumes) => volumes.rename('found', 'found2').then(() => volumes.rename('found2', 'found'))],
  ] as [string, (volumes: Awaited<ReturnType<typeof withFound>>['volumes']) => Promise<unknown>][])(
    'is recorded by %s',
    async (_, use) => {
      const { store, volumes } = await withFound()
      await use(volumes)
      expect(await store.get('volume/found')).toMatchObject({ value: { data: { driver: 'backend', phase: 'ready' } } })
      expect(namesOf(await volumes.list())).toEqual(['found'])
    },
  )

  it('keeps the labels that a create asked for, and the snapshots that it has', async () => {
    const { home, volumes } = await withFound()
    await volumes.createSnapshot('found', { name: 'snap' })
    const other = await openEngine({ home, drivers: [backend()], defaultDriver: 'backend' })
    const adopted = await other.volumes.create({ name: 'found', labels: { mine: 'yes' }, options: { note: 'x' } })
    expect(adopted).toMatchObject({ labels: { mine: 'yes' }, options: { note: 'x' }, snapshotCount: 1 })
    await other.volumes.removeSnapshot('found', 'snap')
  })

  it('can be removed at once', async () => {
    const { volumes } = await withFound()
    await volumes.remove('found')
    expect(namesOf(await volumes.list())).toEqual([])
    expect(await codeOf(volumes.remove('found'))).toBe('not-found')
  })

  it('is no volume of another driver that is asked for', async () => {
    const { volumes } = await withFound()
    expect(await volumes.create({ name: 'found', driver: 'local' })).toMatchObject({ driver: 'local' })
    const { volumes: listed, warnings } = await volumes.list()
    expect(listed).toMatchObject([{ name: 'found', driver: 'local' }])
    expect(warnings).toEqual(['list backend: it has a volume found too; the one of driver local is used'])
  })

  it('is the one of the first driver that has it', async () => {
    const { home, volumes } = await withFound([plain(), backend(), backend('second')])
    write(home, 'second', 'found', 'other')
    const { volumes: listed, warnings } = await volumes.list()
    expect(listed).toMatchObject([{ name: 'found', driver: 'backend' }])
    expect(warnings).toEqual(['list second: it has a volume found too; the one of driver backend is used'])
    expect(await volumes.get('found')).toMatchObject({ driver: 'backend' })
  })
})

describe('a volume that its backend has lost', () => {
  async function withLost() {
    const { home, engine, volumes } = await withFound()
    await volumes.create({ name: 'lost', driver: 'backend', labels: { kept: 'yes' } })
    rmSync(join(home, 'backend/lost'), { recursive: true })
    return { home, engine, volumes }
  }

  it('says so, and keeps labels and references', async () => {
    const { home, volumes } = await withLost()
    const status = { phase: 'ready', error: 'driver backend no longer has this volume' }
    expect(await volumes.get('lost')).toMatchObject({ labels: { kept: 'yes' }, status })
    expect((await volumes.list()).volumes).toMatchObject([
      { name: 'found', status: undefined },
      { name: 'lost', status },
    ])
    mkdirSync(join(home, 'backend/lost'))
    expect((await volumes.list()).volumes[1]?.status).toBeUndefined()
  })

  it('is created anew, unless somebody holds it', async () => {
    const { volumes } = await withLost()
    const { id } = await volumes.reserve('lost', { holder: 'somebody' })
    await expect(volumes.create({ name: 'lost' })).rejects.toMatchObject({
      code: 'in-use',
      details: { holders: ['somebody'] },
    })
    await volumes.release('lost', id)
    expect(await volumes.create({ name: 'lost', driver: 'local' })).toMatchObject({ driver: 'local', labels: {} })
  })

  it('is forgotten by a removal', async () => {
    const { volumes } = await withLost()
    await volumes.remove('lost')
    expect(namesOf(await volumes.list())).toEqual(['found'])
  })

  it('is forgotten also when its driver calls that a failure', async () => {
    const gone = async () => Promise.reject(new PouchError('not-found', 'no such volume'))
    const { home, volumes } = await withFound([replaced(backend(), { remove: gone })])
    rmSync(join(home, 'backend/found'), { recursive: true })
    write(home, 'backend', 'lost', '')
    await volumes.update('lost', { labels: { mine: 'yes' } })
    rmSync(join(home, 'backend/lost'), { recursive: true })
    await volumes.remove('lost')
    expect(namesOf(await volumes.list())).toEqual([])
  })
})

describe('a backend that does not answer', () => {
  it('is warned of within two seconds, with its recorded volumes there', async () => {
    const { home, store, engine } = await withFound()
    await engine.volumes.update('found', { labels: { mine: 'yes' } })
    await engine.volumes.create({ name: 'mine', driver: 'local' })
    await engine.close()
    const mute = replaced(backend(), { 'inventory.list': never, 'inventory.get': never, path: never })
    const { volumes } = await openEngine({ home, store, drivers: [plain(), mute] })
    const startMs = performance.now()
    const list = await volumes.list()
    expect(performance.now() - startMs).toBeLessThan(2000)
    expect(namesOf(list)).toEqual(['found', 'mine'])
    expect(list.warnings).toEqual(expect.arrayContaining([expect.stringMatching(/^list backend: .*did not answer/)]))
  })

  it('leaves what is recorded to be told, with the reason', async () => {
    const { home, store, engine } = await withFound()
    await engine.volumes.createSnapshot('found', { name: 'snap' })
    await engine.close()
    const mute = { describe: never, 'inventory.get': never }
    const { volumes } = await openEngine({ home, store, drivers: [plain(), replaced(backend(), mute)] })
    expect(await volumes.describe('found')).toEqual({
      facets: {},
      facts: {},
      status: undefined,
      snapshots: [expect.objectContaining({ name: 'snap' })],
      error: expect.stringMatching(/^describe found: driver backend did not answer within 1\d{3} ms/),
    })
    const half = await openEngine({ home, store, drivers: [plain(), replaced(backend(), { 'inventory.get': never })] })
    expect(await half.volumes.describe('found', { timeoutMs: 50 })).toMatchObject({
      facets: { snapshots: true },
      error: expect.stringContaining('did not answer within'),
    })
    const leaving = AbortSignal.abort()
    expect(await codeOf(half.volumes.describe('found', { signal: leaving }))).toBe('aborted')
    const alone = await openEngine({ home, store, drivers: [plain()] })
    expect(await alone.volumes.describe('found')).toMatchObject({
      facets: {},
      snapshots: [{ name: 'snap' }],
      error: expect.stringContaining('volume driver "backend" not found'),
    })
  })

  it('is waited for once when volumes are measured', async () => {
    const { home, store, engine } = await withFound()
    await engine.volumes.update('found', { labels: { mine: 'yes' } })
    await engine.close()
    const mute = replaced(backend(), { 'inventory.list': never, 'inventory.get': never })
    const { volumes } = await openEngine({ home, store, drivers: [plain(), mute] })
    await volumes.create({ name: 'mine', driver: 'local' })
    const startMs = performance.now()
    const usages = await volumes.usages()
    expect(performance.now() - startMs).toBeLessThan(2400)
    expect(usages.map(({ volume, usage }) => [volume, usage?.source])).toEqual([
      ['found', 'walk'],
      ['mine', 'walk'],
    ])
  })

  it('is no answer', async () => {
    const { volumes } = await withFound([plain(), replaced(backend(), { 'inventory.get': down })])
    await expect(volumes.get('nobody')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('the backend does not answer'),
    })
    expect(await codeOf(volumes.find('nobody'))).toBe('unavailable')
    expect(await codeOf(volumes.remove('nobody'))).toBe('unavailable')
    expect(await codeOf(volumes.create({ name: 'nobody', driver: 'backend' }))).toBe('unavailable')
    expect(await volumes.create({ name: 'nobody' })).toMatchObject({ driver: 'local' })
  })

  it('is waited for once when it hangs, and not for long by who creates elsewhere', async () => {
    const { volumes } = await withFound([plain(), replaced(backend(), { 'inventory.get': hang })])
    const startMs = performance.now()
    expect(await volumes.create({ name: 'one' })).toMatchObject({ driver: 'local' })
    const firstMs = performance.now() - startMs
    expect(await volumes.create({ name: 'two' })).toMatchObject({ driver: 'local' })
    const secondMs = performance.now() - startMs - firstMs
    expect(firstMs).toBeLessThan(4000)
    expect(secondMs).toBeLessThan(1900)
    const look = { timeoutMs: 3000 }
    const untold = (waitedMs: number) => ({
      code: 'unavailable',
      message: expect.stringContaining(`did not answer within ${waitedMs} ms`),
    })
    await expect(volumes.find('absent', look)).rejects.toMatchObject(untold(3000))
    await expect(volumes.find('absent', look)).rejects.toMatchObject(untold(1000))
    const here = volumes.create({ name: 'absent', driver: 'backend' }, { timeoutMs: 1200 })
    await expect(here).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('within 1200 ms') })
  })

  it('has its volumes again when it hung once and is slow now', async () => {
    let isHanging = true
    const get = async (name: string, call: DriverCall) => {
      if (isHanging) return await hang(name, call)
      await setTimeout(1300, undefined, { signal: call.signal })
      return { name }
    }
    const { volumes } = await withFound([plain(), replaced(backend(), { 'inventory.get': get })])
    const look = { timeoutMs: 2000 }
    expect(await codeOf(volumes.find('found', look))).toBe('unavailable')
    isHanging = false
    expect(await codeOf(volumes.find('found', look))).toBe('unavailable')
    const find = async () => await volumes.find('found', look).catch(() => undefined)
    await expect.poll(find, { timeout: 6000 }).toMatchObject({ driver: 'backend' })
  }, 15_000)

  it('leaves its recorded volumes there, which say so', async () => {
    const { home, store, engine } = await withFound()
    await engine.volumes.update('found', { labels: { mine: 'yes' } })
    await engine.close()
    const { volumes } = await openEngine({ home, store, drivers: [replaced(backend(), { 'inventory.get': down })] })
    expect(await volumes.get('found')).toMatchObject({
      labels: { mine: 'yes' },
      status: { phase: 'ready', error: expect.stringContaining('does not answer') },
    })
  })

  it('that tells nonsense is warned of', async () => {
    const list = async () => [{ name: '../etc' }, { name: 'fine', createdAt: 'yesterday', sizeBytes: -1, path: 'here' }]
    const { volumes } = await withFound([replaced(backend(), { 'inventory.list': list })])
    const told = await volumes.list()
    expect(told.volumes).toMatchObject([{ name: 'fine', sizeBytes: undefined, createdAt: '1970-01-01T00:00:00.000Z' }])
    expect(told.warnings).toEqual([expect.stringContaining('invalid characters')])
  })
})
