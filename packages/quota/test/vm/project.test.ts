import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, statfs, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { errnoOf } from '@pouch/errors'
import type { Outcome } from '@pouch/libc'
import { mount, unmount } from '@pouch/mount'
import {
  assignProject,
  clearProject,
  clearProjectLimit,
  firstProjectId,
  freeProjectId,
  inspectFilesystem,
  Kernel,
  projectOf,
  projectUsage,
  projectUsages,
  setProjectLimit,
  usedProjectIds,
} from '../../src/index.js'
import { setResourceCapability } from './resource-capability.js'

const run = promisify(execFile)
const mebibyte = 2 ** 20
const limitBytes = 10 * mebibyte
const [disk] = (process.env.POUCH_VM_DISKS ?? '').split(',')
assert.ok(disk, 'this test formats a disk, and runs in the VM alone: node scripts/vm.mjs test')

/** What a kernel before 5.14 says. */
class KernelWithoutFd extends Kernel {
  override async quotactlFd(): Promise<Outcome> {
    return { value: -1, errno: 'ENOSYS' }
  }
}

/** Writes as a process without CAP_SYS_RESOURCE does. @returns the errno, or `undefined` when all was written */
async function writeWithout(path: string, bytes: number): Promise<string | undefined> {
  await setResourceCapability(false)
  try {
    return write(path, bytes)
  } finally {
    await setResourceCapability(true)
  }
}

/** On this thread, which has the capability that was set. */
function write(path: string, bytes: number): string | undefined {
  try {
    writeFileSync(path, Buffer.alloc(bytes, 1), { flush: true })
    return undefined
  } catch (error) {
    return errnoOf(error as Error)
  }
}

for (const type of ['ext4', 'xfs'] as const) {
  describe(`a project of ${type}`, () => {
    const full = type === 'ext4' ? 'EDQUOT' : 'ENOSPC'
    let place: string
    let directory: string
    let id = firstProjectId - 1

    before(async () => {
      const features =
        type === 'ext4' ? ['-F', '-O', 'quota,project', '-E', 'lazy_itable_init=1,nodiscard'] : ['-f', '-K']
      await run(`mkfs.${type}`, ['-q', ...features, disk])
      place = await mkdtemp('/tmp/disk-')
    })

    after(async () => {
      await unmount(place)
      await rm(place, { recursive: true })
    })

    beforeEach(async () => {
      id += 1
      directory = join(place, `project-${id}`)
    })

    it('has no limits where the disk is mounted without them, and the reason is told', async () => {
      await mount({ source: disk, target: place, type })
      const { project } = await inspectFilesystem(place)
      assert.equal(project.enforced, false)
      assert.match(project.reason ?? '', /prjquota/)
      if (type === 'xfs') {
        await assert.rejects(setProjectLimit(place, id, { bytes: limitBytes }), { code: 'unsupported' })
        await assert.rejects(projectUsage(place, id), { code: 'unsupported' })
      }
      await unmount(place)
      await mount({ source: disk, target: place, type, options: ['prjquota'] })
      const facts = await inspectFilesystem(place)
      assert.deepEqual(facts.project, { accounted: true, enforced: true, reason: undefined })
      assert.deepEqual([facts.type, facts.mountPoint, facts.device], [type, place, disk])
      assert.equal(facts.qgroup.enforced, false)
    })

    it('is given to a directory and to what is made in it', async () => {
      await mkdir(directory)
      assert.deepEqual(await projectOf(directory), { id: 0, inherits: false })
      await assignProject(directory, id)
      await assignProject(directory, id)
      await mkdir(join(directory, 'a/b'), { recursive: true })
      await writeFile(join(directory, 'a/b/file'), 'x')
      assert.deepEqual(await projectOf(join(directory, 'a/b')), { id, inherits: true })
      assert.equal((await projectOf(join(directory, 'a/b/file'))).id, id)
      await clearProject(directory)
      assert.deepEqual(await projectOf(directory), { id: 0, inherits: false })
      await symlink(directory, join(place, 'link'))
      await assert.rejects(assignProject(join(place, 'link'), id), { code: 'invalid-argument' })
      for (const wrong of [0, 1.5, -1, 2 ** 32 - 1]) {
        await assert.rejects(assignProject(directory, wrong), { code: 'invalid-argument' })
      }
    })

    it('stops a writer without CAP_SYS_RESOURCE at its limit', async () => {
      await mkdir(directory)
      await assignProject(directory, id)
      await setProjectLimit(place, id, { bytes: limitBytes })
      assert.equal(await writeWithout(join(directory, 'fits'), 4 * mebibyte), undefined)
      assert.equal(await writeWithout(join(directory, 'big'), 20 * mebibyte), full)
      const usage = await projectUsage(directory, id)
      assert.equal(usage.limitBytes, limitBytes)
      assert.ok(usage.usedBytes <= limitBytes && usage.usedBytes >= 8 * mebibyte, `${usage.usedBytes} bytes`)
      const { blocks, bsize } = await statfs(directory)
      assert.equal(blocks * bsize, limitBytes)
      await setProjectLimit(place, id, { bytes: 2 * limitBytes })
      assert.equal(await writeWithout(join(directory, 'more'), 8 * mebibyte), undefined)
      await setProjectLimit(place, id, { bytes: 0 })
      assert.equal((await projectUsage(place, id)).limitBytes, undefined)
    })

    it(`${type === 'ext4' ? 'lets a writer with CAP_SYS_RESOURCE pass' : 'stops a writer with CAP_SYS_RESOURCE too'}`, async () => {
      await mkdir(directory)
      await assignProject(directory, id)
      await setProjectLimit(place, id, { bytes: limitBytes, inodes: 5 })
      assert.equal(write(join(directory, 'big'), 20 * mebibyte), type === 'ext4' ? undefined : full)
      const { usedBytes } = await projectUsage(place, id)
      assert.equal(usedBytes > limitBytes, type === 'ext4')
    })

    it('has a limit of inodes', async () => {
      await mkdir(directory)
      await assignProject(directory, id)
      await setProjectLimit(place, id, { inodes: 3 })
      assert.equal(await writeWithout(join(directory, 'one'), 1), undefined)
      assert.equal(await writeWithout(join(directory, 'two'), 1), undefined)
      assert.equal(await writeWithout(join(directory, 'three'), 1), full)
      const { usedInodes, limitInodes, limitBytes: noLimit } = await projectUsage(place, id)
      assert.deepEqual([usedInodes, limitInodes, noLimit], [3, 3, undefined])
      assert.equal((await statfs(directory)).files, 3)
    })

    it('has an id that nothing else has, and leaves no trace', async () => {
      const before = await usedProjectIds(place)
      assert.ok(!before.has(id))
      assert.equal(await freeProjectId(place, { floor: id }), id)
      await mkdir(directory)
      await assignProject(directory, id)
      assert.equal(await freeProjectId(place, { floor: id }), id + 1)
      assert.equal(await freeProjectId(place, { floor: id, taken: new Set([id + 1, id + 2]) }), id + 3)
      await setProjectLimit(place, id + 1, { bytes: mebibyte })
      assert.equal(await freeProjectId(place, { floor: id }), id + 2)
      assert.deepEqual(await usedProjectIds(place, { from: id }), new Set([id, id + 1]))
      const [, second] = await projectUsages(place, { from: id })
      assert.deepEqual(second, {
        id: id + 1,
        usedBytes: 0,
        usedInodes: 0,
        limitBytes: mebibyte,
        limitInodes: undefined,
      })
      await rm(directory, { recursive: true })
      await clearProjectLimit(place, id)
      await clearProjectLimit(place, id + 1)
      assert.deepEqual(await usedProjectIds(place), before)
    })

    it('can be reached on a kernel without quotactl_fd and without the node of the disk', async () => {
      const kernel = new KernelWithoutFd()
      await mkdir(directory)
      await assignProject(directory, id, { kernel })
      await setProjectLimit(place, id, { bytes: limitBytes }, { kernel })
      assert.equal((await projectUsage(place, id, { kernel })).limitBytes, limitBytes)
      assert.equal((await projectUsage(place, id)).limitBytes, limitBytes)
      assert.equal((await inspectFilesystem(place, { kernel })).project.enforced, true)
    })
  })
}
