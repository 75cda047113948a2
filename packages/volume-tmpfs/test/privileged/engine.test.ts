import { mkdtemp, readdir, realpath, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMountpoint, mountsUnder, unmount } from '@pouch/mount'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tmpfs } from '../../src/index.js'
import { mayMount } from '../may-mount.js'

let home: string
let engine: VolumeEngine

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-tmpfs-')))
  engine = await createVolumeEngine({ home, drivers: [tmpfs()], defaultDriver: 'tmpfs' })
})

afterEach(async () => {
  await engine.close()
  for (const { mountPoint } of (await mountsUnder(home)).reverse()) await unmount(mountPoint, { lazy: true })
  await rm(home, { recursive: true })
})

describe('under an engine', () => {
  it.each(['-1', '0', 'big', '1e9'])('a size of %s is refused', async (size) => {
    await expect(engine.volumes.create({ name: 'data', options: { size } })).rejects.toMatchObject({
      code: 'invalid-argument',
      details: { option: 'size' },
    })
  })

  it.each([
    { mode: '8' },
    { uid: '-1' },
    { uid: '4294967295' },
    { nr_inodes: '0' },
    { exec: 'perhaps' },
    { reqID: 'x' },
  ])('%j is refused by name', async (options) => {
    await expect(engine.volumes.create({ name: 'data', options })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(Object.keys(options).join()),
    })
    expect(await engine.volumes.find('data')).toBeUndefined()
  })

  if (mayMount()) attachTests()
})

function attachTests(): void {
  it.each(['size', 'opt.size', 'Size', 'opt.Size'])('%s=1m is a megabyte', async (option) => {
    await engine.volumes.create({ name: 'data', options: { [option]: '1m' } })
    const { path } = await engine.volumes.attach('data', { holder: 'test' })
    const { blocks, bsize } = await statfs(path ?? '')
    expect(blocks * bsize).toBe(1024 * 1024)
  })

  it('a volume is there from its first holder to its last', async () => {
    await engine.volumes.create({ name: 'tmpfs_test' })
    const path = join(home, 'tmpfs/tmpfs_test')
    const first = await engine.volumes.attach('tmpfs_test', { holder: 'first' })
    const second = await engine.volumes.attach('tmpfs_test', { holder: 'second' })
    expect([first.path, second.path]).toEqual([path, path])
    await engine.volumes.detach('tmpfs_test', first.id)
    expect(await isMountpoint(path)).toBe(true)
    await expect(engine.volumes.remove('tmpfs_test')).rejects.toMatchObject({ code: 'in-use' })
    await engine.volumes.detach('tmpfs_test', second.id)
    expect(await isMountpoint(path)).toBe(false)
    await engine.volumes.remove('tmpfs_test')
    expect(await readdir(join(home, 'tmpfs'))).toEqual([])
  })
}
