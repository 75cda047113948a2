import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findMount } from '@pouch/mount'
import { createSubvolume, isSubvolume } from '@pouch/quota'
import type { Driver, DriverVolume, OptionValue } from '@pouch/volume-core/driver'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { local } from '../../src/index.js'
import { call, openDriver, reference, type Surroundings, surroundings, volume } from '../open-driver.js'
import { type Disk, disk } from './disk.js'

const mebibyte = 2 ** 20

let btrfs: Disk
let home: string
let root: string
let around: Surroundings
let driver: Driver

beforeAll(async () => {
  btrfs = await disk('btrfs')
})

afterAll(async () => await btrfs.dispose())

beforeEach(async () => {
  home = await mkdtemp(join(btrfs.path, 'home-'))
  root = join(home, 'volume')
  around = surroundings()
  driver = await openDriver(local(), home, around)
})

afterEach(async () => await driver.close())

async function create(name: string, options: Record<string, OptionValue> = {}): Promise<DriverVolume> {
  const created = await driver.create(volume(name, options), call)
  return { ...volume(name, options, created?.state), sizeBytes: created?.sizeBytes }
}

const dataOf = (name: string) => join(root, name, '_data')

describe('a volume on btrfs', () => {
  it('is a subvolume, and with a size stops its writer, whoever that is', async () => {
    const sized = await create('data', { size: 8 * mebibyte })
    expect(sized).toMatchObject({ state: { quota: 'btrfs' }, sizeBytes: 8 * mebibyte })
    expect(await isSubvolume(dataOf('data'))).toBe(true)
    const write = writeFile(join(dataOf('data'), 'file'), Buffer.alloc(12 * mebibyte, 1), { flush: true })
    await expect(write).rejects.toThrow(/EDQUOT|-122/)
    const usage = await driver.usage?.measure(sized, call)
    expect(usage).toMatchObject({ limitBytes: 8 * mebibyte, source: 'counter' })
    expect(usage?.usedBytes).toBeLessThanOrEqual(8 * mebibyte)
    expect((await driver.describe?.(sized, call))?.facts.enforcement).toMatch(/df in the volume shows the whole/)
  })

  it.each<Record<string, OptionValue>>([{ inodes: 200 }, { fs: 'ext4' }])(
    'with a size and %j is an image, since a subvolume has no such thing',
    async (wish) => {
      const sized = await create('data', { size: 10 * mebibyte, ...wish })
      expect(sized).toMatchObject({ state: { quota: 'loop', fs: 'ext4' }, sizeBytes: 10 * mebibyte })
      const path = (await driver.mounts?.mount(sized, reference, call))?.path ?? ''
      expect((await findMount(path))?.type).toBe('ext4')
      await driver.mounts?.unmount(sized, reference, undefined, call)
      await driver.remove(sized, call)
    },
  )

  it('is refused with a number of files and no size', async () => {
    await expect(create('data', { inodes: 200 })).rejects.toMatchObject({
      code: 'invalid-argument',
      details: { option: 'size' },
    })
    await driver.remove(volume('data', { inodes: 200 }), call)
  })

  it('is deleted with the subvolumes that its user made, and its snapshots', async () => {
    const data = await create('data')
    await mkdir(join(dataOf('data'), 'deep'))
    await createSubvolume(join(dataOf('data'), 'deep/own'))
    await writeFile(join(dataOf('data'), 'deep/own/file'), 'x')
    await driver.snapshots?.create(data, { name: 'snap', isMounted: true, allowInconsistent: false }, call)
    await driver.remove(data, call)
    await driver.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
    expect(around.warnings).toEqual([])
    const list = execFileSync('btrfs', ['subvolume', 'list', btrfs.path], { encoding: 'utf8' })
    expect(list).not.toContain(home.slice(btrfs.path.length + 1))
  })

  it('has snapshots of one moment while somebody writes, and is restored with its limit', async () => {
    const data = await create('data', { size: 16 * mebibyte })
    await writeFile(join(dataOf('data'), 'file'), 'before')
    const snapshot = await driver.snapshots?.create(
      data,
      { name: 'snap', isMounted: true, allowInconsistent: false },
      call,
    )
    expect(snapshot).toEqual({ name: 'snap', method: 'btrfs', isConsistent: true })
    await writeFile(join(dataOf('data'), 'file'), 'after')
    if (snapshot !== undefined) await driver.snapshots?.restore(data, snapshot, call)
    expect(await readFile(join(dataOf('data'), 'file'), 'utf8')).toBe('before')
    expect((await driver.usage?.measure(data, call))?.limitBytes).toBe(16 * mebibyte)
  })

  it('that an older version made as a directory is one still, and says nothing of a size', async () => {
    await driver.close()
    await mkdir(dataOf('data'), { recursive: true })
    await rm(join(root, 'data'), { recursive: true })
    await mkdir(join(root, 'data'), 0o701)
    await mkdir(dataOf('data'))
    driver = await openDriver(local(), home, around)
    const data = await create('data')
    expect(data.state).toBeUndefined()
    await expect(driver.resizing?.resize(data, mebibyte, call)).rejects.toMatchObject({ code: 'unsupported' })
    await driver.remove(data, call)
  })

  it('a restore that a crash cut short is finished when the driver is opened', async () => {
    await create('data')
    await writeFile(join(dataOf('data'), 'file'), 'old')
    await createSubvolume(join(root, 'data/_next'))
    await writeFile(join(root, 'data/_next/file'), 'new')
    around.kept.set('replace/any', { name: 'data' })
    await driver.close()
    driver = await openDriver(local(), home, around)
    expect(await readFile(join(dataOf('data'), 'file'), 'utf8')).toBe('new')
    expect((await readdir(join(root, 'data'))).sort()).toEqual(['_data'])
  })
})
