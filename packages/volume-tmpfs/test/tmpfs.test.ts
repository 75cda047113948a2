import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tmpfs } from '../src/index.js'
import { mountSettings } from '../src/mount-settings.js'
import { call, defaults, openDriver, surroundings, volume } from './open-driver.js'

describe('the factory', () => {
  it('tells the version of its package', () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
    expect(tmpfs().version).toBe(version)
  })

  it('declares its options, with 64 MiB unless told', () => {
    const { options } = tmpfs()
    expect(Object.keys(options).sort()).toEqual(
      ['dev', 'exec', 'gid', 'mode', 'mount', 'nr_inodes', 'size', 'suid', 'uid'].sort(),
    )
    expect(options).toMatchObject({
      size: { type: 'bytes', default: 67108864, aliases: ['opt.size', 'Size', 'opt.Size'] },
      mode: { type: 'mode', default: 0o1777 },
    })
    expect(tmpfs({ defaultSize: '1g' }).options).toMatchObject({ size: { default: 1073741824 } })
    expect(tmpfs({ defaultSize: 4096 }).options).toMatchObject({ size: { default: 4096 } })
  })

  it('refuses a root that is not absolute, and a size that is none', () => {
    for (const wrong of [{ root: 'mounts' }, { root: '' }, { defaultSize: '0' }, { defaultSize: 'much' }]) {
      expect(() => tmpfs(wrong)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
  })
})

describe('the settings of a mount', () => {
  it('are nodev, nosuid and noexec unless asked', () => {
    expect(mountSettings(volume('v', defaults))).toEqual({
      sizeBytes: 67108864,
      options: ['nosuid', 'nodev', 'noexec'],
      data: 'size=67108864,mode=1777,uid=0,gid=0',
    })
    expect(mountSettings(volume('v', { ...defaults, exec: true })).options).toEqual(['nosuid', 'nodev'])
    expect(mountSettings(volume('v', { ...defaults, exec: true, suid: true, dev: true })).options).toEqual([])
  })

  it('carry every option', () => {
    const options = { ...defaults, size: 4096, mode: 0o700, uid: 1000, gid: 4294967294, nr_inodes: 100 }
    expect(mountSettings(volume('v', options)).data).toBe('size=4096,mode=700,uid=1000,gid=4294967294,nr_inodes=100')
  })

  it.each([
    ['size', 0],
    ['size', '1m,mode=0'],
    ['size', 2 ** 53],
    ['mode', 0o10000],
    ['uid', 4294967295],
    ['gid', -1],
    ['nr_inodes', 0],
    ['nr_inodes', 1.5],
    ['mode', true],
  ])('are refused with %s=%s', (name, value) => {
    expect(() => mountSettings(volume('v', { ...defaults, [name]: value }))).toThrow(
      expect.objectContaining({ code: 'invalid-argument', details: { option: name } }),
    )
  })
})

describe('before anything is mounted', () => {
  let base: string
  let home: string

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-tmpfs-')))
    home = join(base, 'home')
    await mkdir(home)
  })

  afterEach(async () => {
    await rm(base, { recursive: true })
  })

  const create = async (mount: string) => {
    const driver = await openDriver(tmpfs(), home)
    return await driver.create(volume('data', { ...defaults, mount }), call)
  }

  it('a volume is nothing on disk, and tells its size', async () => {
    const driver = await openDriver(tmpfs(), home)
    expect(await driver.create(volume('data', defaults), call)).toMatchObject({ sizeBytes: 67108864 })
    expect(await driver.path(volume('data', defaults), call)).toBeUndefined()
    expect(await readdir(join(home, 'tmpfs'))).toEqual([])
  })

  it('a mount point of the user’s is remembered without links, and not made yet', async () => {
    await mkdir(join(base, 'real'))
    await symlink('real', join(base, 'link'))
    expect(await create(join(base, 'link/point'))).toMatchObject({ state: { path: join(base, 'real/point') } })
    expect(await readdir(join(base, 'real'))).toEqual([])
  })

  it('a mount point that is a file, or has files, is refused', async () => {
    await mkdir(join(base, 'full'))
    await writeFile(join(base, 'full/file'), '')
    await expect(create(join(base, 'full/file'))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('not a directory'),
    })
    await expect(create(join(base, 'full/file/x'))).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(create(join(base, 'full'))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining("hide 'file'"),
    })
  })

  it('a mount point in the engine’s home or around it is refused', async () => {
    await symlink(home, join(base, 'link'))
    for (const mount of [home, join(home, 'x'), join(home, 'tmpfs/other'), join(base, 'link/x'), base, '/']) {
      await expect(create(mount)).rejects.toMatchObject({ code: 'invalid-argument', details: { option: 'mount' } })
    }
  })

  it.each(['..', '.', '', '../out', 'a/b', '.x', 'a\0b', 'x'.repeat(256)])(
    'a volume never has the name %j',
    async (name) => {
      const driver = await openDriver(tmpfs(), home)
      const bad = volume(name, defaults)
      for (const attempt of await Promise.allSettled([
        driver.create(bad, call),
        driver.remove(bad, call),
        driver.path(bad, call),
      ])) {
        expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'invalid-argument' } })
      }
    },
  )

  it('opening takes away mount points that a crash left, and no files', async () => {
    const root = join(home, 'tmpfs')
    await mkdir(join(root, 'orphan'), { recursive: true })
    await mkdir(join(root, 'full'))
    await writeFile(join(root, 'full/file'), '')
    await writeFile(join(root, 'file'), '')
    const around = surroundings()
    await openDriver(tmpfs(), home, around)
    expect((await readdir(root)).sort()).toEqual(['file', 'full'])
    expect(await readdir(join(root, 'full'))).toEqual(['file'])
    expect(around.warnings).toHaveLength(1)
  })

  it('ends at once when the caller has left', async () => {
    const driver = await openDriver(tmpfs(), home)
    const left = { ...call, signal: AbortSignal.abort() }
    await expect(driver.create(volume('data', defaults), left)).rejects.toMatchObject({ code: 'aborted' })
    await expect(driver.remove(volume('data', defaults), left)).rejects.toMatchObject({ code: 'aborted' })
  })
})
