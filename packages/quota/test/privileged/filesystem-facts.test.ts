import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMountpoint, mount, unmount } from '@pouch/mount'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  assignProject,
  createImage,
  freeze,
  inspectFilesystem,
  isSubvolume,
  mountImage,
  setProjectLimit,
  thaw,
} from '../../src/index.js'

let directory: string
let target: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-facts-'))
  target = join(directory, 'mnt')
  await mkdir(target)
})

afterEach(async () => {
  while (await isMountpoint(target)) await unmount(target)
  await rm(directory, { recursive: true })
})

describe('a filesystem', () => {
  it('without quotas says which has them', async () => {
    await mount({ source: 'none', target, type: 'tmpfs' })
    await mkdir(join(target, 'a'))
    await symlink(join(target, 'a'), join(directory, 'link'))
    const facts = await inspectFilesystem(join(directory, 'link'))
    expect(facts).toMatchObject({ type: 'tmpfs', mountPoint: target, device: 'none', readOnly: false })
    expect(facts.project).toEqual({
      accounted: false,
      enforced: false,
      reason: expect.stringContaining('ext4 and xfs'),
    })
    expect(facts.qgroup.reason).toContain('btrfs')
    await expect(setProjectLimit(target, 2 ** 24, { bytes: 1 })).rejects.toMatchObject({ code: 'unsupported' })
    await expect(assignProject(target, 2 ** 24)).rejects.toMatchObject({ code: 'unsupported', subject: target })
    expect(await isSubvolume(target)).toBe(false)
    await expect(freeze(target)).rejects.toMatchObject({ code: 'unsupported', subject: target })
    await thaw(target)
  })

  it.each(['ext4', 'xfs'] as const)('of %s that is mounted plainly tells how to turn quotas on', async (filesystem) => {
    await createImage(join(directory, 'image'), { sizeBytes: 300 * 2 ** 20, filesystem })
    const { device } = await mountImage(join(directory, 'image'), target)
    const facts = await inspectFilesystem(target)
    expect(facts).toMatchObject({ type: filesystem, mountPoint: target, device })
    expect(facts.project).toMatchObject({ enforced: false, reason: expect.stringContaining('prjquota') })
    await expect(setProjectLimit(target, 2 ** 24, { bytes: 1 })).rejects.toMatchObject({ code: 'unsupported' })
    if (filesystem === 'ext4') {
      await expect(assignProject(target, 2 ** 24)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining('inspectFilesystem'),
      })
    }
  })

  it('is that of the directory for a file, and of nothing for nothing', async () => {
    await writeFile(join(directory, 'file'), '')
    expect(await inspectFilesystem(join(directory, 'file'))).toEqual(await inspectFilesystem(directory))
    const nowhere = join(directory, 'nothing')
    await expect(inspectFilesystem(nowhere)).rejects.toMatchObject({ code: 'not-found', subject: nowhere })
  })

  it('holds its writers while it is frozen', async () => {
    await createImage(join(directory, 'image'), { sizeBytes: 8 * 2 ** 20 })
    await mountImage(join(directory, 'image'), target)
    await thaw(target)
    await freeze(target)
    let isWritten = false
    const writing = writeFile(join(target, 'file'), 'x').then(() => {
      isWritten = true
    })
    try {
      await expect(freeze(target)).rejects.toMatchObject({ code: 'in-use' })
      expect(isWritten).toBe(false)
    } finally {
      await thaw(target)
    }
    await writing
  })
})
