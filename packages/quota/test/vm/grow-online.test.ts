import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { mount, unmount } from '@pouch/mount'
import {
  createImage,
  filesystemUsage,
  findLoop,
  growImage,
  hasCapability,
  mountImage,
  unmountImage,
} from '../../src/index.js'
import { setResourceCapability } from './resource-capability.js'

const run = promisify(execFile)
const mebibyte = 2 ** 20
const [, disk] = (process.env.POUCH_VM_DISKS ?? '').split(',')
assert.ok(disk, 'this test formats a disk, and runs in the VM alone: node scripts/vm.mjs test')

describe('an image that is mounted', () => {
  let place: string

  before(async () => {
    place = await mkdtemp('/tmp/disk-')
    await run('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=1,nodiscard', disk])
    await mount({ source: disk, target: place, type: 'ext4' })
  })

  after(async () => {
    await unmount(place)
    await rm(place, { recursive: true })
  })

  it('is not grown as ext4 without CAP_SYS_RESOURCE, and nothing has changed then', async () => {
    const image = join(place, 'refused')
    const target = `${image}.mnt`
    await mkdir(target)
    await createImage(image, { sizeBytes: 16 * mebibyte })
    await mountImage(image, target)
    const { size } = await stat(image)
    await setResourceCapability(false)
    try {
      assert.equal(await hasCapability('CAP_SYS_RESOURCE'), false)
      await assert.rejects(growImage(image, { sizeBytes: 32 * mebibyte }), {
        code: 'permission-denied',
        subject: image,
      })
    } finally {
      await setResourceCapability(true)
    }
    assert.equal((await stat(image)).size, size)
    await growImage(image, { sizeBytes: 32 * mebibyte })
    await writeFile(join(target, 'more'), Buffer.alloc(24 * mebibyte))
    await unmountImage(target)
  })

  for (const [filesystem, from, to] of [
    ['ext4', 16, 100],
    ['ext4', 600, 1500],
    ['xfs', 300, 500],
  ] as const) {
    it(`grows as ${filesystem} from ${from} to ${to} MiB, with CAP_SYS_RESOURCE`, async () => {
      assert.equal(await hasCapability('CAP_SYS_RESOURCE'), true)
      const image = join(place, `${filesystem}-${from}`)
      const target = `${image}.mnt`
      await mkdir(target)
      await createImage(image, { sizeBytes: from * mebibyte, filesystem })
      await mountImage(image, target)
      await writeFile(join(target, 'file'), 'kept')
      await growImage(image, { sizeBytes: to * mebibyte })
      const { sizeBytes } = await filesystemUsage(target)
      const ratio = sizeBytes / (to * mebibyte)
      assert.ok(ratio > 0.99 && ratio < 1.1, `${ratio}`)
      await growImage(image, { sizeBytes: to * mebibyte })
      assert.equal(await readFile(join(target, 'file'), 'utf8'), 'kept')
      await unmountImage(target)
      assert.equal(await findLoop(image), undefined)
      if (filesystem === 'ext4') await run('e2fsck', ['-f', '-n', image])
    })
  }
})
