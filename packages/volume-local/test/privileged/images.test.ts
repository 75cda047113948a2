import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, readFile, realpath, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMount, isMountpoint, mountsUnder } from '@pouch/mount'
import { findLoop, freeze, hasCapability, inspectImage, mountImage } from '@pouch/quota'
import { createVolumeEngine } from '@pouch/volume-core'
import type { Driver, DriverVolume, OptionValue } from '@pouch/volume-core/driver'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { local } from '../../src/index.js'
import { call, openDriver, reference, type Surroundings, surroundings, volume } from '../open-driver.js'
import { unmountAll } from './disk.js'

const mebibyte = 2 ** 20

let base: string
let home: string
let root: string
let around: Surroundings
let driver: Driver

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-local-')))
  home = join(base, 'home')
  root = join(home, 'volume')
  await mkdir(home)
  around = surroundings()
  driver = await openDriver(local(), home, around)
})

afterEach(async () => {
  await driver.close()
  await unmountAll(base)
  await rm(base, { recursive: true })
})

async function create(name: string, options: Record<string, OptionValue>): Promise<DriverVolume> {
  const created = await driver.create(volume(name, options), call)
  return { ...volume(name, options, created?.state), sizeBytes: created?.sizeBytes }
}

const mounted = async (of: DriverVolume) => (await driver.mounts?.mount(of, reference, call))?.path ?? ''
const unmounted = async (of: DriverVolume) => await driver.mounts?.unmount(of, reference, undefined, call)
const imageOf = (name: string) => join(root, name, '_image/disk')
const request = (isMounted: boolean) => ({ name: 'snap', isMounted, allowInconsistent: false })

describe('a volume in an image', () => {
  it.each([16, 64, 512])('of %d MiB shows its size in df to ten per cent, and holds it', async (size) => {
    const sized = await create('data', { size: size * mebibyte, quota: 'loop' })
    const path = await mounted(sized)
    const { blocks, bsize, bavail } = await statfs(path)
    expect(blocks * bsize).toBeGreaterThanOrEqual(size * mebibyte)
    expect(blocks * bsize).toBeLessThan(size * mebibyte * 1.1)
    expect(bavail * bsize).toBeGreaterThan(size * mebibyte * 0.9)
    expect((await stat(imageOf('data'))).blocks * 512).toBeLessThan(40 * mebibyte)
    if (size > 64) return
    await expect(writeFile(join(path, 'file'), Buffer.alloc((size + 4) * mebibyte, 1))).rejects.toMatchObject({
      code: 'ENOSPC',
    })
  })

  it('has room for as many files as were asked for', async () => {
    const path = await mounted(await create('data', { size: 64 * mebibyte, quota: 'loop', inodes: 100 }))
    for (let index = 0; index < 100; index += 1) await writeFile(join(path, `${index}`), '')
  })

  it('of too few files is refused with the least number, and without paths of the driver’s own', async () => {
    await expect(create('data', { size: 16 * mebibyte, quota: 'loop', inodes: 1 })).rejects.toMatchObject({
      code: 'invalid-argument',
      message:
        "invalid option 'inodes': an image has at least 16, and 1 are asked for: give 16 or more, or leave it out",
      details: { option: 'inodes', leastInodes: 16 },
    })
    await create('data', { size: 16 * mebibyte, quota: 'loop', inodes: 16 })
  })

  it('of more files than its size has room for is refused with the greatest number', async () => {
    const refusal = await create('data', { size: 16 * mebibyte, quota: 'loop', inodes: 10_000_000 }).catch((e) => e)
    expect(refusal).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/^invalid option 'inodes': an image of 16MiB has at most \d+, (?!.*\/)/),
    })
    const { mostInodes } = refusal.details
    await create('data', { size: 16 * mebibyte, quota: 'loop', inodes: mostInodes })
    expect((await inspectImage(imageOf('data'))).inodes).toBeGreaterThan(mostInodes)
  })

  it('that is too small is refused with the least size, and without paths of the driver’s own', async () => {
    const small = create('data', { size: 64 * mebibyte, quota: 'loop', fs: 'xfs' })
    await expect(small).rejects.toMatchObject({
      code: 'invalid-argument',
      message:
        "invalid option 'size': an image of xfs takes at least 236MiB, and 64MiB are asked for: take a greater size",
      details: { option: 'size', leastBytes: 236 * mebibyte },
    })
    const sized = await create('data', { size: 100 * mebibyte, quota: 'loop' })
    await writeFile(join(await mounted(sized), 'file'), randomBytes(31 * mebibyte))
    await unmounted(sized)
    const shrunk: unknown = await driver.resizing?.resize(sized, 33 * mebibyte, call).catch((error: unknown) => error)
    expect(shrunk).toMatchObject({
      code: 'exhausted',
      message: expect.stringMatching(/^(?!.*(?:\/|bytes)).* 33MiB: .* at least \d+MiB/),
    })
    const { leastBytes } = (shrunk as { details: { leastBytes: number } }).details
    await driver.resizing?.resize(sized, leastBytes, call)
  })

  it('is empty at first, with the owner and the mode that were asked for', async () => {
    const path = await mounted(
      await create('data', { size: 8 * mebibyte, quota: 'loop', uid: 1000, gid: 7, mode: 0o2770 }),
    )
    expect(await readdir(path)).toEqual([])
    expect(await stat(path)).toMatchObject({ uid: 1000, gid: 7 })
    expect((await stat(path)).mode & 0o7777).toBe(0o2770)
  })

  it('leaves nothing when it is removed', async () => {
    const sized = await create('data', { size: 8 * mebibyte, quota: 'loop' })
    await mounted(sized)
    await unmounted(sized)
    expect(await findLoop(imageOf('data'))).toBeUndefined()
    await driver.remove(sized, call)
    await driver.close()
    expect((await readdir(root)).sort()).toEqual(['.new', '.trash'])
    expect(await readdir(join(root, '.trash'))).toEqual([])
  })

  it('tells what it holds from counters, mounted or not', async () => {
    const sized = await create('data', { size: 16 * mebibyte, quota: 'loop', inodes: 64 })
    const path = await mounted(sized)
    await writeFile(join(path, 'file'), Buffer.alloc(4 * mebibyte, 1), { flush: true })
    const inUse = await driver.usage?.measure(sized, call)
    await unmounted(sized)
    const atRest = await driver.usage?.measure(sized, call)
    for (const usage of [inUse, atRest]) {
      expect(usage).toMatchObject({ source: 'counter' })
      expect(usage?.usedBytes).toBeGreaterThanOrEqual(4 * mebibyte)
      expect(usage?.usedBytes).toBeLessThan(6 * mebibyte)
      expect(usage?.limitInodes).toBeGreaterThanOrEqual(64)
    }
  })

  it('is frozen for a snapshot of it in use, and goes on afterwards', async () => {
    const sized = await create('data', { size: 16 * mebibyte, quota: 'loop' })
    const path = await mounted(sized)
    await writeFile(join(path, 'file'), 'before')
    const snapshot = await driver.snapshots?.create(sized, request(true), call)
    expect(snapshot).toMatchObject({ name: 'snap', isConsistent: true, method: expect.stringContaining('image') })
    await writeFile(join(path, 'file'), 'after')
    await unmounted(sized)
    if (snapshot !== undefined) await driver.snapshots?.restore(sized, snapshot, call)
    expect(await readFile(join(await mounted(sized), 'file'), 'utf8')).toBe('before')
  })

  it('that a crash left frozen goes on when the driver is opened', async () => {
    const sized = await create('data', { size: 8 * mebibyte, quota: 'loop' })
    const path = await mounted(sized)
    await freeze(path)
    driver = await openDriver(local(), home, around)
    await writeFile(join(path, 'file'), 'written')
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('written')
  })

  it('shrinks at rest to what is in it, and no further', async () => {
    const sized = await create('data', { size: 64 * mebibyte, quota: 'loop' })
    const path = await mounted(sized)
    await writeFile(join(path, 'file'), Buffer.alloc(10 * mebibyte, 7))
    await expect(driver.resizing?.resize(sized, 48 * mebibyte, call)).rejects.toMatchObject({ code: 'in-use' })
    await unmounted(sized)
    await expect(driver.resizing?.resize(sized, 8 * mebibyte, call)).rejects.toMatchObject({ code: 'exhausted' })
    await driver.resizing?.resize(sized, 48 * mebibyte, call)
    const { blocks, bsize } = await statfs(await mounted({ ...sized, sizeBytes: 48 * mebibyte }))
    expect(blocks * bsize).toBeGreaterThan(47 * mebibyte)
    expect(blocks * bsize).toBeLessThan(52.8 * mebibyte)
    expect((await readFile(join(path, 'file'))).equals(Buffer.alloc(10 * mebibyte, 7))).toBe(true)
    expect(await readdir(join(root, 'data/_image'))).toEqual(['disk'])
  })

  it('grows in use where the kernel lets this process, and says what it takes where not', async () => {
    const sized = await create('data', { size: 8 * mebibyte, quota: 'loop' })
    const path = await mounted(sized)
    if (await hasCapability('CAP_SYS_RESOURCE')) {
      await driver.resizing?.resize(sized, 24 * mebibyte, call)
    } else {
      await expect(driver.resizing?.resize(sized, 24 * mebibyte, call)).rejects.toMatchObject({
        code: 'in-use',
        message: expect.stringContaining('CAP_SYS_RESOURCE'),
      })
      await unmounted(sized)
      await driver.resizing?.resize(sized, 24 * mebibyte, call)
      await mounted(sized)
    }
    await writeFile(join(path, 'file'), Buffer.alloc(20 * mebibyte))
  })

  it('is cloned into a directory, and a directory into it', async () => {
    const sized = await create('data', { size: 8 * mebibyte, quota: 'loop' })
    const path = await mounted(sized)
    await writeFile(join(path, 'file'), 'content')
    const from = { source: sized, isMounted: true, allowInconsistent: false }
    await driver.cloning?.clone(volume('plain'), from, call)
    expect(await readFile(join(root, 'plain/_data/file'), 'utf8')).toBe('content')
    const back = volume('back', { size: 240 * mebibyte, quota: 'loop', fs: 'xfs' })
    const created = await driver.cloning?.clone(back, { ...from, source: volume('plain'), isMounted: false }, call)
    expect(created).toMatchObject({ state: { quota: 'loop', fs: 'xfs' } })
    const cloned = await mounted({ ...back, state: created?.state })
    expect(await readFile(join(cloned, 'file'), 'utf8')).toBe('content')
    expect((await findMount(cloned))?.type).toBe('xfs')
  })

  it('that has grown and filled is cloned in its new size, with all that is in it', async () => {
    await driver.close()
    const engine = await createVolumeEngine({ home, drivers: [local()] })
    const { volumes } = engine
    const content = randomBytes(20 * mebibyte)
    try {
      await volumes.create({ name: 'data', options: { size: '8m', quota: 'loop' } })
      await volumes.update('data', { sizeBytes: 32 * mebibyte })
      const { id, path = '' } = await volumes.attach('data', { holder: 'writer' })
      await writeFile(join(path, 'file'), content)
      const clone = await volumes.create({ name: 'clone', from: { volume: 'data' } })
      expect(clone).toMatchObject({ sizeBytes: 32 * mebibyte, options: { size: '8m', quota: 'loop' } })
      await volumes.detach('data', id)
      const { path: cloned = '' } = await volumes.attach('clone', { holder: 'reader' })
      expect((await readFile(join(cloned, 'file'))).equals(content)).toBe(true)
      const { blocks, bsize } = await statfs(cloned)
      expect(blocks * bsize).toBeGreaterThanOrEqual(32 * mebibyte)
      expect(await volumes.measure('clone')).toMatchObject({ limitBytes: blocks * bsize })
      const small = { name: 'small', options: { size: '10m', quota: 'loop' }, from: { volume: 'data' } }
      await expect(volumes.create(small)).rejects.toMatchObject({ code: 'exhausted' })
      expect(await volumes.find('small')).toBeUndefined()
    } finally {
      await engine.close()
    }
  })

  it('half made, and mounted while it was made, is swept when the driver is opened', async () => {
    await create('whole', { size: 8 * mebibyte, quota: 'loop' })
    const draft = join(root, '.new/draft')
    await mkdir(join(draft, '_data'), { recursive: true })
    await mkdir(join(draft, '_image'))
    const [from, to] = [imageOf('whole'), join(draft, '_image/disk')]
    await (await open(to, constants.O_CREAT)).close()
    await writeFile(to, await readFile(from))
    await mountImage(to, join(draft, '_data'))
    driver = await openDriver(local(), home, around)
    await driver.close()
    expect(await mountsUnder(root)).toEqual([])
    expect(await readdir(join(root, '.new'))).toEqual([])
    expect(await isMountpoint(join(root, 'whole/_data'))).toBe(false)
  })

  it('tells what it costs, and what holds the limit', async () => {
    const sized = await create('data', { size: 8 * mebibyte, quota: 'loop' })
    expect(await driver.describe?.(sized, call)).toMatchObject({
      without: {},
      facts: { backing: 'loop', quota: 'image (ext4)', cost: expect.stringContaining('loop device') },
    })
  })
})
