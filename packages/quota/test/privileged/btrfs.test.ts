import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, statfs, symlink, truncate, writeFile } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { mount, unmount } from '@pouch/mount'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  attachImage,
  createSubvolume,
  deleteSubvolume,
  enableQuota,
  inspectFilesystem,
  isSubvolume,
  qgroupUsage,
  quotaIsEnabled,
  removeStaleQgroups,
  setQgroupLimit,
  setSubvolumeReadOnly,
  snapshotSubvolume,
  subvolumeId,
} from '../../src/index.js'

const run = promisify(execFile)
const mebibyte = 2 ** 20
let directory: string
let disk: string
let place: string
let count = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-btrfs-'))
  disk = join(directory, 'disk')
  await mkdir(disk)
  const image = join(directory, 'image')
  await writeFile(image, '')
  await truncate(image, 400 * mebibyte)
  await run('mkfs.btrfs', ['-q', image])
  const { device, release } = await attachImage(image)
  try {
    await mount({ source: device, target: disk, type: 'btrfs', options: ['commit=1'] })
  } finally {
    await release()
  }
})

afterAll(async () => {
  await unmount(disk).finally(() => rm(directory, { recursive: true }))
})

beforeEach(async () => {
  count += 1
  place = join(disk, `case-${count}`)
  await mkdir(place)
})

describe('before its quota is enabled, btrfs', () => {
  it('says so, and keeps no numbers', async () => {
    expect(await quotaIsEnabled(disk)).toBe(false)
    const { type, mountPoint, qgroup, project } = await inspectFilesystem(place)
    expect({ type, mountPoint }).toEqual({ type: 'btrfs', mountPoint: disk })
    expect(qgroup).toMatchObject({ enforced: false, reason: expect.stringContaining('enableQuota') })
    expect(project).toMatchObject({ enforced: false, reason: expect.stringContaining('btrfs') })
    await createSubvolume(join(place, 'a'))
    await expect(qgroupUsage(join(place, 'a'))).rejects.toMatchObject({ code: 'unsupported' })
    await expect(setQgroupLimit(join(place, 'a'), mebibyte)).rejects.toMatchObject({ code: 'unsupported' })
    await deleteSubvolume(join(place, 'a'))
  })
})

describe('a subvolume', () => {
  beforeAll(async () => {
    await enableQuota(disk)
    await enableQuota(disk)
  })

  it('is made, known, and deleted', async () => {
    const path = join(place, 'ä name')
    await createSubvolume(path)
    expect(await isSubvolume(path)).toBe(true)
    expect(await isSubvolume(place)).toBe(false)
    expect(await isSubvolume(join(place, 'nothing'))).toBe(false)
    await expect(createSubvolume(path)).rejects.toMatchObject({ code: 'already-exists', subject: path })
    await writeFile(join(path, 'file'), 'x')
    await deleteSubvolume(path)
    expect(await readdir(place)).toEqual([])
    await expect(deleteSubvolume(path)).rejects.toMatchObject({ code: 'not-found', subject: path })
  })

  it('stops its writer at its limit, which can be changed and taken away', async () => {
    const path = join(place, 'a')
    await createSubvolume(path)
    await setQgroupLimit(path, 10 * mebibyte)
    const writing = writeFile(join(path, 'big'), Buffer.alloc(20 * mebibyte, 1), { flush: true })
    await expect(writing).rejects.toMatchObject({ errno: -constants.errno.EDQUOT })
    const usage = await qgroupUsage(path, { sync: true })
    expect(usage.limitBytes).toBe(10 * mebibyte)
    expect(usage.referencedBytes).toBeLessThanOrEqual(10 * mebibyte)
    expect(usage.referencedBytes).toBeGreaterThan(5 * mebibyte)
    await setQgroupLimit(path, 40 * mebibyte)
    await writeFile(join(path, 'big'), Buffer.alloc(20 * mebibyte, 1), { flush: true })
    await setQgroupLimit(path, undefined)
    expect((await qgroupUsage(path)).limitBytes).toBeUndefined()
    await writeFile(join(path, 'bigger'), Buffer.alloc(30 * mebibyte, 1), { flush: true })
    const { blocks, bsize } = await statfs(path)
    expect(blocks * bsize).toBe(400 * mebibyte)
    await deleteSubvolume(path)
  })

  it('has snapshots, which keep what was there and are counted on their own', async () => {
    const [origin, kept, copy] = ['origin', 'kept', 'copy'].map((name) => join(place, name)) as [string, string, string]
    await createSubvolume(origin)
    await writeFile(join(origin, 'file'), 'before')
    await snapshotSubvolume(origin, kept, { readOnly: true })
    await snapshotSubvolume(origin, copy)
    await writeFile(join(origin, 'file'), 'after')
    await writeFile(join(copy, 'file'), 'own')
    expect(await readFile(join(kept, 'file'), 'utf8')).toBe('before')
    await expect(writeFile(join(kept, 'file'), 'no')).rejects.toMatchObject({ code: 'EROFS' })
    expect(new Set(await Promise.all([origin, kept, copy].map((path) => subvolumeId(path)))).size).toBe(3)
    await setSubvolumeReadOnly(kept, false)
    await setSubvolumeReadOnly(kept, false)
    await writeFile(join(kept, 'file'), 'yes')
    for (const path of [kept, copy, origin]) await deleteSubvolume(path)
    expect(await readdir(place)).toEqual([])
  })

  it('that is read-only can be deleted', async () => {
    await createSubvolume(join(place, 'a'))
    await snapshotSubvolume(join(place, 'a'), join(place, 'b'), { readOnly: true })
    await deleteSubvolume(join(place, 'b'))
    await deleteSubvolume(join(place, 'a'))
    expect(await readdir(place)).toEqual([])
  })

  it('takes those within it along, and no qgroup stays', async () => {
    const before = await subvolumeId(place)
    const path = join(place, 'a')
    await createSubvolume(path)
    await mkdir(join(path, 'deep'))
    await createSubvolume(join(path, 'deep/b'))
    await createSubvolume(join(path, 'deep/b/c'))
    await deleteSubvolume(path)
    expect(await readdir(place)).toEqual([])
    const { stdout } = await run('btrfs', ['subvolume', 'list', disk])
    expect(stdout).toBe('')
    // btrfs takes what was deleted apart at its next commit.
    const groups = async () => {
      await removeStaleQgroups(disk)
      return (await run('btrfs', ['qgroup', 'show', '--raw', disk])).stdout.match(/^0\/\d+/gm)
    }
    await expect.poll(groups, { timeout: 10_000, interval: 200 }).toEqual([`0/${before}`])
  })

  it('is not reached through a symbolic link, nor taken for a directory', async () => {
    await createSubvolume(join(place, 'a'))
    await symlink(join(place, 'a'), join(place, 'link'))
    await mkdir(join(place, 'plain'))
    for (const name of ['link', 'plain']) {
      const path = join(place, name)
      await expect(deleteSubvolume(path)).rejects.toMatchObject({ code: 'invalid-argument', subject: path })
      await expect(setQgroupLimit(path, mebibyte)).rejects.toMatchObject({ code: 'invalid-argument' })
      await expect(snapshotSubvolume(path, join(place, 'copy'))).rejects.toMatchObject({ code: 'invalid-argument' })
    }
    expect(await isSubvolume(join(place, 'link'))).toBe(false)
    expect((await readdir(place)).sort()).toEqual(['a', 'link', 'plain'])
    await deleteSubvolume(join(place, 'a'))
  })

  it.each(['relative/path', '/', `/tmp/${'n'.repeat(256)}`, '/tmp/a\0b'])('cannot be called %j', async (path) => {
    await expect(createSubvolume(path)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('is not made where there is no btrfs', async () => {
    await expect(createSubvolume(join(directory, 'a'))).rejects.toMatchObject({ code: 'unsupported' })
    expect(await isSubvolume(directory)).toBe(false)
  })
})
