import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it, vi } from 'vitest'
import type { DriverDefinition, DriverSource } from '../src/driver.js'
import { memoryDriver } from '../src/testing.js'
import { freshHome, openEngine, spoilt } from './support/open-engine.js'

const local = memoryDriver({ name: 'local' })

/** A source that has what is put into it, and counts how often it was asked. */
function shelf(...definitions: DriverDefinition[]) {
  const found = new Map(definitions.map((definition) => [definition.name, definition]))
  const asked: string[] = []
  const find: DriverSource['find'] = async (name) => {
    asked.push(name)
    return found.get(name)
  }
  return { asked, found, find, names: async () => [...found.keys()] }
}

describe('a driver from a source', () => {
  it('is looked for by the first use of its name, opened once for all who ask, and kept', async () => {
    const ram = memoryDriver({ name: 'ram' })
    const open = vi.fn(ram.open)
    const source = shelf({ ...ram, open })
    const engine = await openEngine({ drivers: [local], driverSources: [source] })
    expect(engine.drivers().map(({ name }) => name)).toEqual(['local'])
    await engine.volumes.create({ name: 'plain' })
    expect(source.asked).toEqual([])
    const names = ['one', 'two', 'three']
    await Promise.all(names.map((name) => engine.volumes.create({ name, driver: 'ram' })))
    expect(open).toHaveBeenCalledTimes(1)
    expect(source.asked).toEqual(['ram'])
    expect(engine.drivers().map(({ name, state }) => [name, state])).toEqual([
      ['local', 'open'],
      ['ram', 'open'],
    ])
  })

  it('that nobody has is unknown, and the error tells what there is', async () => {
    const source = shelf(memoryDriver({ name: 'ram' }))
    const engine = await openEngine({ drivers: [local], driverSources: [source] })
    await expect(engine.volumes.create({ name: 'data', driver: 'rum' })).rejects.toMatchObject({
      code: 'not-found',
      details: { driver: 'rum', drivers: ['local', 'ram'] },
    })
    await expect(engine.volumes.create({ name: 'data', driver: '../ram' })).rejects.toMatchObject({ code: 'not-found' })
    expect(new Set(source.asked)).toEqual(new Set(['rum']))
    expect(engine.drivers()).toHaveLength(1)
  })

  it('that fails to open is shown with its error, and asked for again by the next use', async () => {
    let isAway = true
    const ram = memoryDriver({ name: 'ram' })
    const open: DriverDefinition['open'] = (host) =>
      isAway ? Promise.reject(new PouchError('unavailable', 'it is away')) : ram.open(host)
    const engine = await openEngine({ drivers: [local], driverSources: [shelf({ ...ram, open })] })
    const refused = { code: 'unavailable', message: expect.stringContaining('it is away') }
    await expect(engine.volumes.create({ name: 'data', driver: 'ram' })).rejects.toMatchObject(refused)
    expect(engine.drivers()[1]).toMatchObject({ name: 'ram', state: 'failed', error: { code: 'unavailable' } })
    isAway = false
    await engine.volumes.create({ name: 'data', driver: 'ram' })
    expect(engine.drivers()[1]).toMatchObject({ name: 'ram', state: 'open' })
  })

  it.each<[string, Partial<DriverSource>, string]>([
    ['fails', { find: () => Promise.reject(new PouchError('corrupt', 'junk in its file')) }, 'junk in its file'],
    ['answers another', { find: async () => memoryDriver({ name: 'rum' }) }, "a driver called 'rum'"],
    [
      'answers a newer contract',
      { find: async () => ({ ...memoryDriver({ name: 'ram' }), contract: 99 }) },
      'contract 99',
    ],
  ])('whose source %s is refused with the reason', async (_, source, why) => {
    const driverSources = [{ find: async () => undefined, ...source }]
    const engine = await openEngine({ drivers: [local], driverSources })
    await expect(engine.volumes.create({ name: 'data', driver: 'ram' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(why),
    })
    expect(await engine.volumes.find('data')).toBeUndefined()
  })

  it('is let go of once its source has it no more and it does not answer, unless it has volumes', async () => {
    let isAway = false
    const close = vi.fn(async () => undefined)
    const answer = async () => (isAway ? Promise.reject(new PouchError('unavailable', 'it has no file any more')) : [])
    const inventory = { get: async () => (await answer())[0], list: answer }
    const ram = spoilt(memoryDriver({ name: 'ram' }), () => ({ inventory, close }))
    const source = shelf(ram)
    const { volumes, drivers } = await openEngine({ drivers: [local], driverSources: [source] })
    const names = () => drivers().map(({ name }) => name)
    await volumes.create({ name: 'data', driver: 'ram' })
    isAway = true
    source.found.clear()
    const warnings = ['list ram: it has no file any more']
    expect([(await volumes.list()).warnings, names()]).toEqual([warnings, ['local', 'ram']])
    await volumes.remove('data')
    source.found.set('ram', ram)
    expect([(await volumes.list()).warnings, names()]).toEqual([warnings, ['local', 'ram']])
    await expect(volumes.get('dta')).rejects.toMatchObject({ code: 'unavailable' })
    expect(close).not.toHaveBeenCalled()
    source.found.clear()
    await expect(volumes.get('dta')).rejects.toMatchObject({ code: 'not-found' })
    expect([(await volumes.list()).warnings, names()]).toEqual([[], ['local']])
    expect(close).toHaveBeenCalledTimes(1)
    isAway = false
    source.found.set('ram', ram)
    await volumes.create({ name: 'data', driver: 'ram' })
    expect(names()).toEqual(['local', 'ram'])
  })

  it('does not replace one that the engine was opened with', async () => {
    const broken = { ...memoryDriver({ name: 'ram' }), open: () => Promise.reject(new Error('broken')) }
    const source = shelf(memoryDriver({ name: 'ram' }))
    const engine = await openEngine({ drivers: [local, broken], driverSources: [source] })
    await expect(engine.volumes.create({ name: 'data', driver: 'ram' })).rejects.toMatchObject({ code: 'unavailable' })
    expect(source.asked).toEqual([])
  })
})

describe('volumes of a driver from a source', () => {
  async function engineWithMount(home: string, ram: DriverDefinition) {
    const store = memoryStore()
    const engine = await openEngine({ home, store, drivers: [local, ram] })
    await engine.volumes.create({ name: 'data', driver: 'ram' })
    const held = await engine.volumes.attach('data', { holder: 'me', id: 'ref' })
    await engine.close()
    return { store, held }
  }

  it('are there after a restart, without the start waiting for the source', async () => {
    const home = freshHome()
    const ram = memoryDriver({ name: 'ram', mounts: 'reference' })
    const { store, held } = await engineWithMount(home, ram)
    let answer: (ram: DriverDefinition) => void = () => undefined
    const slow = new Promise<DriverDefinition>((resolve) => {
      answer = resolve
    })
    const engine = await openEngine({ home, store, drivers: [local], driverSources: [{ find: () => slow }] })
    setTimeout(() => answer(ram), 50)
    const { volumes, warnings } = await engine.volumes.list()
    expect(warnings).toEqual([])
    expect(volumes).toMatchObject([{ name: 'data', status: undefined, mountpoint: held.path, references: [held] }])
    await engine.volumes.detach('data', 'ref')
    await engine.volumes.remove('data')
  })

  it('are listed and shown within two seconds, with a warning, while the source does not answer', async () => {
    const home = freshHome()
    const { store } = await engineWithMount(home, memoryDriver({ name: 'ram', mounts: 'reference' }))
    const find: DriverSource['find'] = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    const engine = await openEngine({ home, store, drivers: [local], driverSources: [{ find }] })
    const started = Date.now()
    const { volumes, warnings } = await engine.volumes.list()
    expect(Date.now() - started).toBeLessThan(2500)
    expect(volumes.map(({ name }) => name)).toEqual(['data'])
    expect(warnings).toEqual(['list ram: there is no volume driver ram'])
    const looked = Date.now()
    expect((await engine.volumes.get('data')).status?.error).toBe('volume driver ram is not available')
    expect(Date.now() - looked).toBeLessThan(2500)
  })

  it('are recovered when the driver appears: what the driver does not see mounted is not mounted', async () => {
    const home = freshHome()
    const ram = memoryDriver({ name: 'ram', mounts: 'reference' })
    const { store } = await engineWithMount(home, ram)
    const source = shelf()
    const engine = await openEngine({ home, store, drivers: [local], driverSources: [source] })
    await expect(engine.volumes.detach('data', 'ref')).rejects.toMatchObject({ code: 'not-found' })
    // What a restart of the host does to the mounts of this driver.
    rmSync(join(home, '.ram-mounts'), { recursive: true })
    source.found.set('ram', ram)
    expect(await engine.volumes.find('data')).toMatchObject({ status: undefined })
    await vi.waitFor(async () => {
      expect(await engine.volumes.get('data')).toMatchObject({ references: [{ id: 'ref', state: 'reserved' }] })
    })
  })
})
