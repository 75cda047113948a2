import { readlink } from 'node:fs/promises'
import { memoryDriver } from '@pouch/volume-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Served } from './served.js'

const one = 'a'.repeat(64)
const two = 'b'.repeat(64)

describe.each(['volume', 'reference'] as const)('mounts of a driver that mounts per %s', (per) => {
  let served: Served
  beforeEach(async () => {
    served = await Served.start([memoryDriver({ mounts: per })])
    await served.ok('VolumeDriver.Create', { Name: 'data' })
  })
  afterEach(() => served.remove())

  const mount = async (ID: string) => (await served.ok('VolumeDriver.Mount', { Name: 'data', ID })).Mountpoint as string
  const unmount = async (ID: string) =>
    expect(await served.ok('VolumeDriver.Unmount', { Name: 'data', ID })).toEqual({})
  const mountpoint = async () => (await served.ok('VolumeDriver.Path', { Name: 'data' })).Mountpoint

  it('mounts for each ID and unmounts with the last', async () => {
    expect(await mountpoint()).toBe('')
    const path = await mount(one)
    expect(await readlink(path)).toBe(`${served.folder}/home/memory/data`)
    const other = await mount(two)
    expect(other === path).toBe(per === 'volume')
    expect(await served.failure('VolumeDriver.Remove', { Name: 'data' })).toEqual([
      500,
      expect.stringContaining('2 mounts'),
    ])
    await unmount(one)
    expect(await readlink(other)).toBe(`${served.folder}/home/memory/data`)
    await unmount(two)
    await expect(readlink(other)).rejects.toThrow('ENOENT')
    expect(await mountpoint()).toBe('')
    await served.ok('VolumeDriver.Remove', { Name: 'data' })
  })

  it('counts mounts of one ID, as docker cp on a running container makes them', async () => {
    const path = await mount(one)
    expect(await mount(one)).toBe(path)
    expect(await mount(one)).toBe(path)
    await unmount(one)
    await unmount(one)
    expect(await readlink(path)).toBe(`${served.folder}/home/memory/data`)
    await unmount(one)
    await expect(readlink(path)).rejects.toThrow('ENOENT')
    await unmount(one)
    expect((await served.engine.volumes.get('data')).references).toEqual([])
  })

  it('counts right when one ID is mounted by many at a time', async () => {
    const paths = await Promise.all(Array.from({ length: 12 }, () => mount(one)))
    expect(new Set(paths).size).toBe(1)
    await Promise.all(Array.from({ length: 11 }, () => unmount(one)))
    expect(await readlink(paths[0] ?? '')).toBe(`${served.folder}/home/memory/data`)
    await unmount(one)
    expect((await served.engine.volumes.get('data')).references).toEqual([])
  })

  it('takes any ID: none, one with spaces, one that is endless, one that looks like a count', async () => {
    const ids = ['', 'a b', 'x'.repeat(5000), '.hidden', `${one}:2`, 'ü']
    for (const id of ids) await mount(id)
    await mount(one)
    await mount(one)
    expect((await served.engine.volumes.get('data')).references).toHaveLength(ids.length + 2)
    for (const id of ids) await unmount(id)
    await unmount(one)
    expect((await served.engine.volumes.get('data')).references.map(({ id }) => id)).toEqual([one])
  })

  it('knows the mounts after a restart of the plugin', async () => {
    const path = await mount(one)
    await mount(one)
    await served.stop()
    await served.start()
    expect(await mountpoint()).toBe(path)
    await unmount(one)
    expect(await readlink(path)).toBe(`${served.folder}/home/memory/data`)
    await unmount(one)
    await served.ok('VolumeDriver.Remove', { Name: 'data' })
  })

  it('forgets the mounts of an earlier boot of the host, and when told those of this one', async () => {
    const boot = { holder: 'volume-plugin@00000000-0000-0000-0000-000000000000' }
    await served.engine.volumes.attach('data', { ...boot, id: one })
    await served.engine.volumes.attach('data', { holder: 'somebody else', id: 'theirs' })
    await mount(two)
    await served.stop()
    await served.start()
    const ids = async () => (await served.engine.volumes.get('data')).references.map(({ id }) => id).sort()
    expect(await ids()).toEqual([two, 'theirs'].sort())
    await served.stop()
    await served.start({ forgetMounts: true })
    expect(await ids()).toEqual(['theirs'])
  })
})
