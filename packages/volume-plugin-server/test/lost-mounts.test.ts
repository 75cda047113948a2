import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { memoryDriver } from '@pouch/volume-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Mounts } from '../src/mounts.js'
import { OwnVolumes } from '../src/own-volumes.js'
import { silentLogger } from '../src/silent-logger.js'

const holder = 'volume-plugin@this-boot'
let folder: string
let engine: VolumeEngine
/** What the processes of the host have mounted. */
let seen: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pouch-plugin-'))
  engine = await createVolumeEngine({
    home: folder,
    drivers: [memoryDriver({ mounts: 'reference' })],
    defaultDriver: 'memory',
  })
  await engine.volumes.create({ name: 'data' })
  seen = []
})
afterEach(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const served = () => {
  const { volumes } = engine
  const isMountedElsewhere = async (path: string) => seen.includes(path)
  return new Mounts({ volumes, own: new OwnVolumes(volumes, 'memory'), holder, isMountedElsewhere, log: silentLogger })
}
const ids = async () => (await engine.volumes.get('data')).references.map(({ id }) => id)

describe('the mounts of a client that crashed', () => {
  it('are given up once a client has come again and no process has them', async () => {
    const mounts = served()
    await mounts.mount('data', 'm1', {})
    await mounts.mount('data', 'm1', {})
    await mounts.mount('data', 'm2', {})
    expect(await mounts.reclaim('data')).toBe(false)
    mounts.clientCame()
    expect(await ids()).toEqual(['m1', 'm1:2', 'm2'])
    expect(await mounts.reclaim('data')).toBe(true)
    expect(await ids()).toEqual([])
  })

  it('stay while a process has one of them', async () => {
    const mounts = served()
    await mounts.mount('data', 'm1', {})
    seen = [await mounts.mount('data', 'm2', {})]
    mounts.clientCame()
    expect(await mounts.reclaim('data')).toBe(false)
    expect(await ids()).toEqual(['m1', 'm2'])
  })

  it('stay while somebody lives who has mounted the volume since, or holds it otherwise', async () => {
    const mounts = served()
    await mounts.mount('data', 'm1', {})
    mounts.clientCame()
    await mounts.mount('data', 'm1', {})
    expect(await mounts.reclaim('data')).toBe(false)
    await mounts.unmount('data', 'm1', {})
    await engine.volumes.reserve('data', { holder: 'a container', id: 'c1' })
    expect(await mounts.reclaim('data')).toBe(false)
    await engine.volumes.release('data', 'c1')
    expect(await mounts.reclaim('data')).toBe(true)
  })

  it('are those of an earlier server too', async () => {
    await served().mount('data', 'm1', {})
    const next = served()
    seen = [(await engine.volumes.get('data')).mountpoint ?? '']
    expect(await next.reclaim('data')).toBe(false)
    seen = []
    expect(await next.reclaim('data')).toBe(true)
  })
})
