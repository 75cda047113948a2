import { rmSync } from 'node:fs'
import { PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it } from 'vitest'
import type { DriverDefinition } from '../src/driver.js'
import { memoryDriver } from '../src/testing.js'
import { freshHome, openEngine, spoilt } from './support/open-engine.js'

/** A driver that mounts, and the list of what the engine asked of it. */
function counted(per: 'volume' | 'reference'): { definition: DriverDefinition; calls: string[] } {
  const calls: string[] = []
  const definition = spoilt(memoryDriver({ name: 'local', mounts: per }), (good) => ({
    mounts: {
      per,
      mount: async (volume, reference, call) => {
        calls.push(`mount ${reference.id}`)
        if (good.mounts === undefined) throw new Error('no mounts')
        return await good.mounts.mount(volume, reference, call)
      },
      unmount: async (volume, reference, state, call) => {
        calls.push(`unmount ${reference.id} ${JSON.stringify(state !== undefined)}`)
        await good.mounts?.unmount(volume, reference, state, call)
      },
    },
  }))
  return { definition, calls }
}

const a = { holder: 'one', id: 'a' }
const b = { holder: 'two', id: 'b' }

describe('references', () => {
  it('mount once for a volume: for the first, and until the last', async () => {
    const { definition, calls } = counted('volume')
    const { volumes } = await openEngine({ drivers: [definition] })
    await volumes.create({ name: 'data' })
    const first = await volumes.attach('data', a)
    const second = await volumes.attach('data', b)
    expect(second.path).toBe(first.path)
    await volumes.detach('data', 'a')
    expect(calls).toEqual(['mount a'])
    expect((await volumes.get('data')).mountpoint).toBe(first.path)
    await volumes.detach('data', 'b')
    expect(calls).toEqual(['mount a', 'unmount b true'])
    expect((await volumes.get('data')).mountpoint).toBeUndefined()
  })

  it('mount once for each reference where the driver wants it', async () => {
    const { definition, calls } = counted('reference')
    const { volumes } = await openEngine({ drivers: [definition] })
    await volumes.create({ name: 'data' })
    const first = await volumes.attach('data', a)
    const second = await volumes.attach('data', b)
    expect(second.path).not.toBe(first.path)
    await volumes.detach('data', 'a')
    await volumes.detach('data', 'b')
    expect(calls).toEqual(['mount a', 'mount b', 'unmount a true', 'unmount b true'])
  })

  it('may be repeated by their id at every turn', async () => {
    const { definition, calls } = counted('reference')
    const { volumes } = await openEngine({ drivers: [definition] })
    await volumes.create({ name: 'data' })
    const reserved = await volumes.reserve('data', a)
    expect(reserved).toMatchObject({ id: 'a', holder: 'one', host: 'here', readOnly: false, state: 'reserved' })
    expect(await volumes.reserve('data', a)).toEqual(reserved)
    const mounted = await volumes.mount('data', 'a')
    expect(await volumes.mount('data', 'a')).toEqual(mounted)
    expect(await volumes.attach('data', a)).toEqual(mounted)
    await volumes.unmount('data', 'a')
    await volumes.unmount('data', 'a')
    await volumes.release('data', 'a')
    await volumes.release('data', 'a')
    await volumes.unmount('data', 'a')
    await volumes.detach('data', 'a')
    expect(calls).toEqual(['mount a', 'unmount a true'])
  })

  it('are refused where they make no sense', async () => {
    const { volumes } = await openEngine()
    await volumes.create({ name: 'data' })
    await volumes.attach('data', a)
    await expect(volumes.reserve('data', { ...a, holder: 'two' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(volumes.reserve('data', { ...a, readOnly: true })).rejects.toMatchObject({ code: 'conflict' })
    await expect(volumes.release('data', 'a')).rejects.toMatchObject({ code: 'conflict' })
    await expect(volumes.mount('data', 'nope')).rejects.toMatchObject({ code: 'not-found' })
    await expect(volumes.reserve('nope', a)).rejects.toMatchObject({ code: 'not-found' })
    await expect(volumes.detach('nope', 'a')).rejects.toMatchObject({ code: 'not-found' })
    for (const wrong of [
      { holder: '' },
      { holder: 'a\nb' },
      { ...a, id: '../x' },
      { ...a, id: '' },
      { ...a, readOnly: 1 },
    ]) {
      await expect(volumes.attach('data', wrong as never)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it('keep a volume from being removed, and say who holds it', async () => {
    const { volumes } = await openEngine()
    await volumes.create({ name: 'data' })
    await volumes.reserve('data', a)
    await volumes.reserve('data', { holder: 'one', id: 'c' })
    await volumes.reserve('data', b)
    await expect(volumes.remove('data')).rejects.toMatchObject({
      code: 'in-use',
      message: 'remove data: volume is in use - [one, two]',
      details: { holders: ['one', 'two'] },
    })
    expect(await volumes.references({ holder: 'one' })).toMatchObject([
      { volume: 'data', reference: { id: 'a' } },
      { volume: 'data', reference: { id: 'c' } },
    ])
    for (const { volume, reference } of await volumes.references()) await volumes.release(volume, reference.id)
    await volumes.remove('data')
  })

  it('are counted rightly when many come and go at a time', async () => {
    const { definition, calls } = counted('volume')
    const { volumes } = await openEngine({ drivers: [definition] })
    await volumes.create({ name: 'data' })
    const visit = async (holder: string) => {
      const { id, path } = await volumes.attach('data', { holder })
      expect(path).toMatch(/\/data\/volume$/)
      await volumes.detach('data', id)
    }
    await Promise.all(Array.from({ length: 50 }, (_, index) => visit(`visitor-${index}`)))
    expect((await volumes.get('data')).references).toEqual([])
    const mounts = calls.filter((call) => call.startsWith('mount')).length
    expect(calls.length).toBe(2 * mounts)
    expect(calls.map((call) => call.startsWith('mount'))).toEqual(calls.map((_, index) => index % 2 === 0))
  })

  it('are limited in number', async () => {
    const { volumes } = await openEngine()
    await volumes.create({ name: 'data' })
    for (let index = 0; index < 1000; index += 1) await volumes.reserve('data', { holder: `h${index}` })
    await expect(volumes.reserve('data', a)).rejects.toMatchObject({ code: 'exhausted' })
  })
})

describe('a mount that fails', () => {
  it('leaves a reserved reference reserved, and an attach none', async () => {
    const driver = spoilt(memoryDriver({ name: 'local', mounts: 'volume' }), (good) => ({
      mounts: {
        per: 'volume',
        mount: async (volume, reference, call) => {
          await good.mounts?.mount(volume, reference, call)
          throw new PouchError('exhausted', 'no more mounts')
        },
        unmount: async (volume, reference, state, call) => good.mounts?.unmount(volume, reference, state, call),
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await volumes.create({ name: 'data' })
    await volumes.reserve('data', a)
    await expect(volumes.mount('data', 'a')).rejects.toMatchObject({
      code: 'exhausted',
      message: 'mount data: no more mounts',
    })
    await expect(volumes.attach('data', b)).rejects.toMatchObject({ code: 'exhausted' })
    const { references, mountpoint } = await volumes.get('data')
    expect(references).toMatchObject([{ id: 'a', state: 'reserved' }])
    expect(mountpoint).toBeUndefined()
    await volumes.release('data', 'a')
    await volumes.remove('data')
  })

  it.each([undefined, '', 'relative/path', 7])('is one that answers the path %j', async (path) => {
    const driver = spoilt(memoryDriver({ name: 'local', mounts: 'volume' }), () => ({
      mounts: { per: 'volume', mount: async () => ({ path: path as string }), unmount: async () => undefined },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await volumes.create({ name: 'data' })
    await expect(volumes.attach('data', a)).rejects.toMatchObject({ code: 'internal', details: { driver: 'local' } })
    expect((await volumes.get('data')).references).toEqual([])
  })
})

describe('an unmount that fails', () => {
  it('is tried again by the next operation, and holds the volume until then', async () => {
    let isBusy = true
    const driver = spoilt(memoryDriver({ name: 'local', mounts: 'volume' }), (good) => ({
      mounts: {
        per: 'volume',
        mount: async (volume, reference, call) => {
          if (good.mounts === undefined) throw new Error('no mounts')
          return await good.mounts.mount(volume, reference, call)
        },
        unmount: async (volume, reference, state, call) => {
          if (isBusy) throw new PouchError('in-use', 'a process has a file open in it')
          await good.mounts?.unmount(volume, reference, state, call)
        },
      },
    }))
    const { volumes } = await openEngine({ drivers: [driver] })
    await volumes.create({ name: 'data' })
    await volumes.attach('data', a)
    await expect(volumes.detach('data', 'a')).rejects.toMatchObject({ code: 'in-use', op: 'volume.unmount' })
    expect((await volumes.get('data')).references).toMatchObject([{ id: 'a', state: 'unmounting' }])
    await expect(volumes.remove('data')).rejects.toMatchObject({ code: 'in-use', details: { holders: ['one'] } })
    isBusy = false
    const { path } = await volumes.attach('data', b)
    const { references, mountpoint } = await volumes.get('data')
    expect(references).toMatchObject([{ id: 'b', state: 'mounted', path }])
    expect(mountpoint).toBe(path)
  })
})

describe('after a restart', () => {
  it('mounted references stay so on the same host, and are reserved after a restart of the host', async () => {
    const home = freshHome()
    const store = memoryStore()
    const drivers = [memoryDriver({ name: 'local', mounts: 'volume' })]
    const first = await openEngine({ home, store, drivers })
    await first.volumes.create({ name: 'data' })
    const mounted = await first.volumes.attach('data', a)
    await first.close()
    const second = await openEngine({ home, store, drivers })
    expect((await second.volumes.get('data')).references).toEqual([mounted])
    await second.close()
    rmSync(`${home}/.local-mounts`, { recursive: true })
    const third = await openEngine({ home, store, drivers })
    expect((await third.volumes.get('data')).references).toMatchObject([{ id: 'a', state: 'reserved' }])
    expect(await third.volumes.mount('data', 'a')).toEqual(mounted)
  })

  it('references of another host are none of ours', async () => {
    const home = freshHome()
    const store = memoryStore()
    const drivers = [memoryDriver({ name: 'local', mounts: 'volume' })]
    const first = await openEngine({ home, store, drivers })
    await first.volumes.create({ name: 'data' })
    const mounted = await first.volumes.attach('data', a)
    await first.close()
    rmSync(`${home}/.local-mounts`, { recursive: true })
    const elsewhere = await openEngine({ home, store, drivers, hostName: 'there' })
    const volume = await elsewhere.volumes.get('data')
    expect(volume.references).toEqual([mounted])
    expect(volume.mountpoint).toBeUndefined()
    await expect(elsewhere.volumes.remove('data')).rejects.toMatchObject({ code: 'in-use' })
  })
})
