import { hasCode, PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it, vi } from 'vitest'
import type { DriverDefinition, DriverHost, JsonValue } from '../src/driver.js'
import { createVolumeEngine } from '../src/index.js'
import { memoryDriver } from '../src/testing.js'
import { freshHome, keepingLogger, openEngine, spoilt } from './support/open-engine.js'

const local = memoryDriver({ name: 'local' })
const broken = (name: string): DriverDefinition => ({
  ...memoryDriver({ name }),
  open: () => Promise.reject(new PouchError('unavailable', 'the backend is away')),
})

describe('the drivers of an engine', () => {
  it('are shown with what they can do', async () => {
    const engine = await openEngine({ drivers: [local, memoryDriver({ name: 'ram', mounts: 'volume' })] })
    expect(engine.drivers()).toMatchObject([
      { name: 'local', state: 'open', facets: [], isDefault: true, options: local.options, traits: { scope: 'local' } },
      { name: 'ram', state: 'open', facets: ['mounts'], isDefault: false, error: undefined },
    ])
  })

  it('fail alone: the others work, and the volumes of the failed one are listed with a warning', async () => {
    const home = freshHome()
    const store = memoryStore()
    const log = keepingLogger()
    const first = await openEngine({ home, store, drivers: [local, memoryDriver({ name: 'ram' })] })
    await first.volumes.create({ name: 'data', driver: 'ram' })
    await first.close()
    const engine = await openEngine({ home, store, log, drivers: [local, broken('ram')] })
    const why = 'volume driver ram could not be opened: the backend is away'
    expect(engine.drivers()[1]).toMatchObject({
      name: 'ram',
      state: 'failed',
      error: { message: why },
      traits: undefined,
    })
    await engine.volumes.create({ name: 'other' })
    const { volumes, warnings } = await engine.volumes.list()
    expect(volumes.map(({ name }) => name)).toEqual(['data', 'other'])
    expect(warnings).toEqual([`list ram: ${why}`])
    expect((await engine.volumes.get('data')).status).toEqual({
      phase: 'ready',
      error: 'volume driver ram is not available',
    })
    await expect(engine.volumes.attach('data', { holder: 'me' })).rejects.toMatchObject({ code: 'unavailable' })
    await expect(engine.volumes.remove('data')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(engine.volumes.create({ name: 'more', driver: 'ram' })).rejects.toMatchObject({ code: 'unavailable' })
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    await engine.close()
    const third = await openEngine({ home, store, drivers: [local, memoryDriver({ name: 'ram' })] })
    await third.volumes.remove('data')
  })

  it.each<[string, DriverDefinition[], string]>([
    ['two of one name', [local, memoryDriver({ name: 'local' })], 'invalid-argument'],
    ['a contract to come', [{ ...local, contract: 2 }], 'unsupported'],
    ['no contract', [{ ...local, contract: 0 }], 'invalid-argument'],
    ['a bad name', [{ ...local, name: 'Local/..' }], 'invalid-argument'],
    ['a bad table', [{ ...local, options: { size: { type: 'bytes', description: '' } } }], 'invalid-argument'],
  ])('are refused: %s', async (_, drivers, code) => {
    const opening = createVolumeEngine({ home: freshHome(), drivers })
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(/local|Local/) })
  })

  it.each([
    ['another name', () => ({ name: 'somebody' })],
    ['no remove', () => ({ remove: undefined as never })],
    ['half a facet', () => ({ mounts: { per: 'volume', mount: async () => ({ path: '/' }) } as never })],
    [
      'a facet of no kind',
      () => ({ mounts: { per: 'host', mount: async () => ({ path: '/' }), unmount: async () => {} } as never }),
    ],
    ['no scope', () => ({ traits: { durable: true, accessModes: [] } as never })],
  ])('are disabled when they open with %s', async (_, spoil) => {
    const engine = await openEngine({ drivers: [spoilt(local, spoil)] })
    expect(engine.drivers()).toMatchObject([{ state: 'failed', error: { op: 'driver.open', subject: 'local' } }])
  })

  it('get a home, the id of the engine and a state of their own, which outlive the engine', async () => {
    const hosts: DriverHost[] = []
    const keeping = (name: string): DriverDefinition => {
      const definition = memoryDriver({ name })
      return {
        ...definition,
        open: async (host) => {
          hosts.push(host)
          return await definition.open(host)
        },
      }
    }
    const store = memoryStore()
    const home = freshHome()
    const drivers = [keeping('local'), keeping('other')]
    const first = await openEngine({ home, store, drivers })
    const [localHost, otherHost] = hosts
    if (localHost === undefined || otherHost === undefined) throw new Error('the drivers were not opened')
    expect(localHost).toMatchObject({ home, engineId: first.engineId, hostName: 'here' })
    expect(first.engineId).toMatch(/^[0-9a-f]{32}$/)
    await Promise.all([1, 2, 3].map((value) => localHost.state.set('count', value)))
    await localHost.state.set('gone', 'soon')
    await otherHost.state.set('count', 'mine')
    await localHost.state.delete('gone')
    await localHost.state.delete('never')
    await expect(localHost.state.set('k'.repeat(250), 1)).rejects.toMatchObject({ code: 'invalid-argument' })
    await first.close()
    const second = await openEngine({ home, store, drivers })
    expect(second.engineId).toBe(first.engineId)
    const entries: { key: string; value: JsonValue }[] = []
    for await (const entry of hosts[2]?.state.list() ?? []) entries.push(entry)
    expect(entries).toEqual([{ key: 'count', value: 3 }])
    expect(await hosts[2]?.state.get('gone')).toBeUndefined()
    expect(await hosts[3]?.state.get('count')).toBe('mine')
  })

  it('get records that they cannot change, with the state that they gave', async () => {
    const seen: unknown[] = []
    const driver = spoilt(local, (good) => ({
      create: async (volume, call) => {
        await good.create(volume, call)
        return { state: { ids: [1, { deep: true }] }, sizeBytes: 7 }
      },
      remove: async (volume, call) => {
        seen.push(volume)
        const { ids } = volume.state as { ids: number[] }
        expect(() => ids.push(2)).toThrow(TypeError)
        await good.remove(volume, call)
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await volumes.create({ name: 'data', options: { 'opt.size': '1k' }, labels: { tier: 'db' } })
    await volumes.remove('data')
    expect(seen).toEqual([
      {
        name: 'data',
        options: { size: 1024, note: '' },
        labels: { tier: 'db' },
        state: { ids: [1, { deep: true }] },
        sizeBytes: 7,
      },
    ])
  })

  it.each([
    [{ state: { at: new Date(0) } }, 'of a class'],
    [{ state: { size: Number.NaN } }, 'NaN'],
    [{ state: { make: () => 1 } }, 'function'],
    [{ sizeBytes: -1 }, '-1 bytes'],
  ])('fail when they answer what cannot be kept: %j', async (answer, why) => {
    const driver = spoilt(local, (good) => ({
      create: async (volume, call) => {
        await good.create(volume, call)
        return answer as never
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await expect(volumes.create({ name: 'data' })).rejects.toThrow(why)
    expect(await volumes.find('data')).toBeUndefined()
  })
})

describe('a driver that does not answer', () => {
  it('fails the call at the deadline; the volume is locked until it is at rest, and then undone', async () => {
    let finish: () => void = () => undefined
    const order: string[] = []
    const driver = spoilt(local, (good) => ({
      create: async (volume, call) => {
        if (volume.name !== 'slow' || order.length > 0) return await good.create(volume, call)
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        order.push('create ended')
        return await good.create(volume, { ...call, signal: new AbortController().signal })
      },
      remove: async (volume, call) => {
        order.push('remove')
        await good.remove(volume, call)
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver], timeoutMs: 5000 })
    const error = await volumes.create({ name: 'slow' }, { timeoutMs: 30 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('driver local did not answer within 30 ms'),
    })
    expect(await volumes.find('slow')).toBeUndefined()
    await volumes.create({ name: 'quick' })
    await expect(volumes.create({ name: 'slow' }, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' })
    const again = volumes.create({ name: 'slow' })
    finish()
    expect(await again).toMatchObject({ name: 'slow', status: undefined })
    expect(order).toEqual(['create ended', 'remove'])
  })

  it('is waited for in a removal too, which then is finished', async () => {
    let finish: () => void = () => undefined
    const driver = spoilt(local, (good) => ({
      remove: async (volume, call) => {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        finish = () => undefined
        await good.remove(volume, { ...call, signal: new AbortController().signal })
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver], timeoutMs: 5000 })
    await volumes.create({ name: 'data' })
    await expect(volumes.remove('data', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' })
    expect(await volumes.get('data')).toMatchObject({ status: { phase: 'removing' } })
    const ticking = setInterval(() => finish(), 5)
    try {
      const again = await volumes.create({ name: 'data', options: { note: 'new' } })
      expect(again).toMatchObject({ status: undefined, options: { note: 'new' } })
    } finally {
      clearInterval(ticking)
    }
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 31])('may not be waited for %d ms', async (timeoutMs) => {
    const { volumes } = await openEngine()
    await expect(volumes.create({ name: 'data' }, { timeoutMs })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('hears when its caller has gone, and what it made is undone', async () => {
    const cancel = new AbortController()
    const driver = spoilt(local, (good) => ({
      create: async (volume, call) => {
        await good.create(volume, call)
        cancel.abort()
        call.signal.throwIfAborted()
        return undefined
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await expect(volumes.create({ name: 'data' }, { signal: cancel.signal })).rejects.toMatchObject({
      code: 'aborted',
      op: 'volume.create',
      subject: 'data',
    })
    expect(await volumes.find('data')).toBeUndefined()
  })

  it('is not disturbed in a removal: what was begun is finished', async () => {
    const cancel = new AbortController()
    const driver = spoilt(local, (good) => ({
      remove: async (volume, call) => {
        cancel.abort()
        call.signal.throwIfAborted()
        await good.remove(volume, call)
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await volumes.create({ name: 'data' })
    await volumes.remove('data', { signal: cancel.signal })
    expect(await volumes.find('data')).toBeUndefined()
  })

  it('does not keep the engine from opening', async () => {
    const slow = { ...local, open: () => new Promise<never>(() => undefined) }
    const engine = await openEngine({ drivers: [slow], timeoutMs: 30 })
    expect(engine.drivers()).toMatchObject([{ state: 'failed', error: { code: 'timeout' } }])
  })
})

describe('an engine', () => {
  it('waits for what is in flight when it is closed, closes its drivers once, and takes nothing more', async () => {
    const close = vi.fn(async () => undefined)
    let finish: () => void = () => undefined
    let begin: () => void = () => undefined
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const driver = spoilt(local, (good) => ({
      close,
      create: async (volume, call) => {
        await new Promise<void>((resolve) => {
          finish = resolve
          begin()
        })
        return await good.create(volume, call)
      },
    }))
    const engine = await createVolumeEngine({ home: freshHome(), drivers: [driver] })
    const creating = engine.volumes.create({ name: 'data' })
    await begun
    const closing = engine.close()
    await expect(engine.volumes.create({ name: 'more' })).rejects.toMatchObject({ code: 'unavailable' })
    expect(close).not.toHaveBeenCalled()
    finish()
    await expect(creating).resolves.toMatchObject({ name: 'data' })
    await closing
    await engine[Symbol.asyncDispose]()
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('says which driver did not close', async () => {
    const driver = spoilt(local, () => ({ close: () => Promise.reject(new Error('stuck')) }))
    const engine = await createVolumeEngine({ home: freshHome(), drivers: [driver] })
    await expect(engine.close()).rejects.toMatchObject({
      message: 'driver local did not close: stuck',
      subject: 'local',
    })
  })

  it.each([
    [{ home: 'relative' }, 'invalid-argument'],
    [{ home: '/dev/null/x' }, 'invalid-argument'],
    // Node's own recursive mkdir never ends here.
    [{ home: '/proc/pouch/home' }, 'not-found'],
    [{ timeoutMs: 0 }, 'invalid-argument'],
    [{ timeoutMs: 1.5 }, 'invalid-argument'],
  ])('refuses %j', async (options, code) => {
    const opening = createVolumeEngine({ home: freshHome(), drivers: [local], ...options })
    await expect(opening).rejects.toMatchObject({ code })
  })

  it('refuses a store that cannot compare and set', async () => {
    const store = memoryStore()
    const weak = new Proxy(store, {
      get: (target, key) =>
        key === 'capabilities' ? { ...target.capabilities, compareAndSet: false } : Reflect.get(target, key),
    })
    await expect(createVolumeEngine({ home: freshHome(), drivers: [local], store: weak })).rejects.toMatchObject({
      code: 'unsupported',
      details: { capability: 'compareAndSet' },
    })
  })

  it('sets a damaged record aside, warns, and serves the others; refuses a record of a newer version', async () => {
    const store = memoryStore()
    const home = freshHome()
    const first = await openEngine({ home, store })
    await first.volumes.create({ name: 'good' })
    await first.close()
    await store.create('volume/bad', { record: 'volume', version: 1, data: { name: 'bad' } })
    const entry = await store.get('volume/good')
    if (entry === undefined) throw new Error('there is no record')
    await store.create('volume/misplaced', entry.value)
    const second = await openEngine({ home, store })
    const { volumes, warnings } = await second.volumes.list()
    expect(volumes.map(({ name }) => name)).toEqual(['good'])
    expect(warnings).toEqual([expect.stringContaining('volume/bad'), expect.stringContaining('volume/misplaced')])
    await expect(second.volumes.create({ name: 'misplaced' })).rejects.toMatchObject({ code: 'corrupt' })
    await second.close()
    await store.create('volume/newer', { record: 'volume', version: 2, data: {} })
    const error = await createVolumeEngine({ home, store, drivers: [local] }).catch((thrown: unknown) => thrown)
    expect(hasCode(error, 'unsupported')).toBe(true)
  })
})

describe('a store that fails', () => {
  it('fails the operation with its own code, and the next one goes on from what the store has', async () => {
    const inner = memoryStore()
    let fails = false
    let applies = false
    const store = new Proxy(inner, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        if (!['create', 'compareAndSet', 'delete'].includes(String(key))) return value.bind(target)
        return async (...args: unknown[]) => {
          if (fails && !applies) throw new PouchError('exhausted', 'the disk is full')
          const result: unknown = await value.apply(target, args)
          if (fails) throw new PouchError('timeout', 'the disk is slow')
          return result
        }
      },
    })
    const { volumes } = await openEngine({ store })
    await volumes.create({ name: 'data' })
    fails = true
    await expect(volumes.create({ name: 'more' })).rejects.toMatchObject({ code: 'exhausted', op: 'volume.store' })
    await expect(volumes.reserve('data', { holder: 'me', id: 'a' })).rejects.toMatchObject({ code: 'exhausted' })
    expect((await volumes.get('data')).references).toEqual([])
    applies = true
    await expect(volumes.reserve('data', { holder: 'me', id: 'a' })).rejects.toMatchObject({ code: 'timeout' })
    await expect(volumes.create({ name: 'late' })).rejects.toMatchObject({ code: 'timeout' })
    fails = false
    await volumes.reserve('data', { holder: 'me', id: 'b' })
    expect((await volumes.get('data')).references.map(({ id }) => id)).toEqual(['b'])
    expect(await volumes.create({ name: 'late' })).toMatchObject({ status: undefined })
    expect(await volumes.create({ name: 'more' })).toMatchObject({ status: undefined })
    await volumes.release('data', 'b')
    for (const name of ['data', 'late', 'more']) await volumes.remove(name)
    expect((await volumes.list()).volumes).toEqual([])
    expect(await inner.get('volume/late')).toBeUndefined()
  })
})
