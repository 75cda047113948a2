import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, readdir, realpath, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bindMount, findMount, isMountpoint, mount, mountsUnder, unmount } from '@pouch/mount'
import type { Driver, DriverVolume, OptionValue } from '@pouch/volume-core/driver'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tmpfs } from '../../src/index.js'
import { mayMount } from '../may-mount.js'
import { call, defaults, openDriver, reference, surroundings, volume } from '../open-driver.js'

let base: string
let home: string
let root: string

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-tmpfs-')))
  home = join(base, 'home')
  root = join(home, 'tmpfs')
  await mkdir(home)
})

afterEach(async () => {
  for (const { mountPoint } of (await mountsUnder(base)).reverse()) await unmount(mountPoint, { lazy: true })
  await rm(base, { recursive: true })
})

const data = (options: Record<string, OptionValue> = {}) => volume('data', { ...defaults, ...options })

async function mounted(driver: Driver, of: DriverVolume): Promise<string> {
  const answer = await driver.mounts?.mount(of, reference, call)
  return answer?.path ?? 'the driver has no mounts'
}

async function unmounted(driver: Driver, of: DriverVolume): Promise<void> {
  await driver.mounts?.unmount(of, reference, undefined, call)
}

if (mayMount()) {
  describe('a tmpfs volume', optionTests)
  describe('a mount point of the user’s', chosenTests)
  describe('mounts of others', foreignTests)
  describe('unmounting', unmountTests)
  describe('after a crash', crashTests)
  describe('a volume and its size', resizeTests)
} else {
  describe('a tmpfs volume', () => {
    it('cannot be mounted without the capability, and leaves no mount', async () => {
      const driver = await openDriver(tmpfs(), home)
      await expect(mounted(driver, data())).rejects.toMatchObject({ code: 'permission-denied' })
      await driver.remove(data(), call)
      expect(await readdir(root)).toEqual([])
    })
  })
}

function optionTests(): void {
  it('has its size, and no more can be written', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, data({ size: 1024 * 1024 }))
    expect(path).toBe(join(root, 'data'))
    const { blocks, bsize } = await statfs(path)
    expect(blocks * bsize).toBe(1024 * 1024)
    await expect(writeFile(join(path, 'big'), Buffer.alloc(1024 * 1024 + 1))).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  it('has a size that is no whole number of pages, also when mount is repeated', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, data({ size: 5000 }))
    expect(await mounted(driver, data({ size: 5000 }))).toBe(path)
    expect(await mountsUnder(root)).toHaveLength(1)
  })

  it('has its mode, owner, group and number of files', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, data({ mode: 0o2750, uid: 1234, gid: 4321, nr_inodes: 10 }))
    const found = await stat(path)
    expect(found.mode & 0o7777).toBe(0o2750)
    expect(found).toMatchObject({ uid: 1234, gid: 4321 })
    expect((await statfs(path)).files).toBe(10)
  })

  it('is open to all, nodev, nosuid and noexec unless asked', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, data())
    expect((await stat(path)).mode & 0o7777).toBe(0o1777)
    expect((await findMount(path))?.options).toEqual(expect.arrayContaining(['nodev', 'nosuid', 'noexec']))
    await writeFile(join(path, 'run'), '#!/bin/sh\n', { mode: 0o755 })
    expect(() => execFileSync(join(path, 'run'))).toThrow('EACCES')
  })

  it('runs programs when asked', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, data({ exec: true, suid: true, dev: true }))
    const options = (await findMount(path))?.options ?? []
    expect(options.filter((option) => ['nodev', 'nosuid', 'noexec'].includes(option))).toEqual([])
    await writeFile(join(path, 'run'), '#!/bin/sh\necho ran\n', { mode: 0o755 })
    expect(execFileSync(join(path, 'run')).toString()).toBe('ran\n')
  })

  it('is marked as the engine’s', async () => {
    const driver = await openDriver(tmpfs(), home)
    expect(await findMount(await mounted(driver, data()))).toMatchObject({
      type: 'tmpfs',
      source: `pouch-tmpfs:${'e'.repeat(32)}`,
    })
  })

  it('is below another root when one is given, which may be a link', async () => {
    await mkdir(join(base, 'else'))
    await symlink('else', join(base, 'link'))
    const driver = await openDriver(tmpfs({ root: join(base, 'link/mounts') }), home)
    const path = await mounted(driver, data())
    expect(path).toBe(join(base, 'else/mounts/data'))
    expect(await driver.path(data(), call)).toBe(path)
    await unmounted(driver, data())
    expect(await readdir(join(base, 'else/mounts'))).toEqual([])
  })
}

function chosenTests(): void {
  it('is made when it is absent, mounted on, and left', async () => {
    const driver = await openDriver(tmpfs(), home)
    const point = join(base, 'mnt/point')
    const created = await driver.create(data({ mount: point }), call)
    const chosen = volume('data', { ...defaults, mount: point }, created?.state)
    expect(await mounted(driver, chosen)).toBe(point)
    expect(await driver.path(chosen, call)).toBe(point)
    await driver.create(chosen, call)
    await unmounted(driver, chosen)
    await driver.remove(chosen, call)
    expect(await readdir(point)).toEqual([])
    expect(await isMountpoint(point)).toBe(false)
  })

  it('is not mounted on once files are in it', async () => {
    const driver = await openDriver(tmpfs(), home)
    const point = join(base, 'point')
    const created = await driver.create(data({ mount: point }), call)
    await mkdir(point)
    await writeFile(join(point, 'file'), 'precious')
    await expect(mounted(driver, volume('data', { ...defaults, mount: point }, created?.state))).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    expect(await isMountpoint(point)).toBe(false)
  })

  it('is not followed when it has become a link', async () => {
    const driver = await openDriver(tmpfs(), home)
    const point = join(base, 'point')
    const created = await driver.create(data({ mount: point }), call)
    await mkdir(join(base, 'target'))
    await symlink('target', point)
    await expect(mounted(driver, volume('data', { ...defaults, mount: point }, created?.state))).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await mountsUnder(base)).toEqual([])
  })
}

function foreignTests(): void {
  it('are neither taken over nor unmounted', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = join(root, 'data')
    await mkdir(path)
    await mount({ source: `pouch-tmpfs:${'f'.repeat(32)}`, target: path, type: 'tmpfs' })
    const attempts = [
      mounted(driver, data()),
      unmounted(driver, data()),
      driver.remove(data(), call),
      driver.path(data(), call),
    ]
    for (const attempt of await Promise.allSettled(attempts)) {
      expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } })
    }
    expect(await isMountpoint(path)).toBe(true)
  })

  it('of ours but with another size are not taken for the volume', async () => {
    const driver = await openDriver(tmpfs(), home)
    await mounted(driver, data({ size: 1024 * 1024 }))
    for (const size of [512 * 1024, 2 * 1024 * 1024]) {
      await expect(mounted(driver, data({ size }))).rejects.toMatchObject({ code: 'conflict' })
    }
  })
}

function unmountTests(): void {
  it('of what is in use is refused, and keeps the data', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, data())
    const file = await open(join(path, 'file'), 'w')
    await expect(unmounted(driver, data())).rejects.toMatchObject({ code: 'in-use', details: { errno: 'EBUSY' } })
    await file.close()
    expect(await readdir(path)).toEqual(['file'])
    await unmounted(driver, data())
    expect(await readdir(root)).toEqual([])
  })

  it('of what has a mount in it is refused, naming that', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, data())
    const below = join(path, 'below')
    await mkdir(below)
    await bindMount(home, below)
    await expect(unmounted(driver, data())).rejects.toMatchObject({ code: 'in-use', details: { mounts: [below] } })
    await expect(driver.remove(data(), call)).rejects.toMatchObject({ code: 'in-use' })
  })

  it('is done by remove when it was not done before', async () => {
    const driver = await openDriver(tmpfs(), home)
    await mounted(driver, data())
    await driver.remove(data(), call)
    await driver.remove(data(), call)
    expect(await readdir(root)).toEqual([])
  })
}

function crashTests(): void {
  it('mounts are there as they were, and are the volume’s', async () => {
    const path = await mounted(await openDriver(tmpfs(), home), data())
    await writeFile(join(path, 'file'), 'kept')
    await mkdir(join(root, 'orphan'))
    const around = surroundings()
    const driver = await openDriver(tmpfs(), home, around)
    expect(await readdir(root)).toEqual(['data'])
    expect(await driver.path(data(), call)).toBe(path)
    expect(await mounted(driver, data())).toBe(path)
    expect(await readdir(path)).toEqual(['file'])
    await unmounted(driver, data())
    expect(await driver.path(data(), call)).toBeUndefined()
    expect(around.warnings).toEqual([])
  })
}

function resizeTests(): void {
  const mebibyte = 1024 * 1024
  const made = (sizeBytes: number) => ({ ...data({ size: mebibyte }), state: { path: join(root, 'data') }, sizeBytes })

  it('grows and shrinks while it is mounted, and keeps its flags and data', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, made(mebibyte))
    await writeFile(join(path, 'file'), Buffer.alloc(512 * 1024))
    expect(await driver.resizing?.resize(made(mebibyte), 4 * mebibyte, call)).toMatchObject({ sizeBytes: 4 * mebibyte })
    expect(await sizeOf(path)).toBe(4 * mebibyte)
    await writeFile(join(path, 'more'), Buffer.alloc(2 * mebibyte))
    expect((await findMount(path))?.options).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']))
    await rm(join(path, 'more'))
    await driver.resizing?.resize(made(4 * mebibyte), mebibyte, call)
    expect(await sizeOf(path)).toBe(mebibyte)
    expect((await stat(join(path, 'file'))).size).toBe(512 * 1024)
    // As the engine has it, the volume is found by its new size.
    expect(await mounted(driver, made(mebibyte))).toBe(path)
  })

  it('is never made smaller than what it holds', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, made(2 * mebibyte))
    await writeFile(join(path, 'file'), Buffer.alloc(mebibyte))
    await expect(driver.resizing?.resize(made(2 * mebibyte), 64 * 1024, call)).rejects.toMatchObject({
      code: 'exhausted',
      details: { sizeBytes: 64 * 1024 },
    })
    expect(await sizeOf(path)).toBe(2 * mebibyte)
  })

  it('that is not mounted gets its size with the next mount', async () => {
    const driver = await openDriver(tmpfs(), home)
    await driver.resizing?.resize(made(mebibyte), 3 * mebibyte, call)
    expect(await sizeOf(await mounted(driver, made(3 * mebibyte)))).toBe(3 * mebibyte)
  })

  it('tells what it holds, and how many files it may have', async () => {
    const driver = await openDriver(tmpfs(), home)
    const limited = { ...made(mebibyte), options: { ...defaults, size: mebibyte, nr_inodes: 10 } }
    expect(await driver.usage?.measure(limited, call)).toMatchObject({ usedBytes: 0, limitBytes: mebibyte })
    const path = await mounted(driver, limited)
    await writeFile(join(path, 'file'), Buffer.alloc(256 * 1024))
    expect(await driver.usage?.measure(limited, call)).toEqual({
      usedBytes: 256 * 1024,
      limitBytes: mebibyte,
      usedInodes: 2,
      limitInodes: 10,
      source: 'counter',
    })
  })

  it('is not renamed while it is mounted', async () => {
    const driver = await openDriver(tmpfs(), home)
    const path = await mounted(driver, made(mebibyte))
    await expect(driver.renaming?.rename(made(mebibyte), 'other', call)).rejects.toMatchObject({
      code: 'in-use',
      details: { mounts: [path] },
    })
    await unmounted(driver, made(mebibyte))
    expect(await driver.renaming?.rename(made(mebibyte), 'other', call)).toEqual({
      state: { path: join(root, 'other') },
      sizeBytes: mebibyte,
    })
  })

  it('is unhealthy once its directory is gone', async () => {
    const driver = await openDriver(tmpfs(), home)
    expect(await driver.health?.check(call)).toMatchObject({ state: 'healthy' })
    await rm(root, { recursive: true })
    expect(await driver.health?.check(call)).toMatchObject({ state: 'failed', message: expect.stringContaining(root) })
  })
}

async function sizeOf(path: string): Promise<number> {
  const { blocks, bsize } = await statfs(path)
  return blocks * bsize
}
