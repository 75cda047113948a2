import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { hasErrno } from '@pouch/errors'
import { mount, unmount } from '@pouch/mount'
import { projectOf, projectUsage, projectUsages } from '@pouch/quota'
import type { Driver, DriverVolume } from '@pouch/volume-core/driver'
import { local } from '../../src/index.js'
import { call, openDriver, type Surroundings, surroundings, volume } from '../open-driver.js'

const run = promisify(execFile)
const mebibyte = 2 ** 20
const [ext4Disk, xfsDisk] = (process.env.POUCH_VM_DISKS ?? '').split(',')
assert.ok(ext4Disk && xfsDisk, 'this test formats disks, and runs in the VM alone: node scripts/vm.mjs test')

const filesystems = [
  {
    type: 'ext4',
    disk: ext4Disk,
    errno: 'EDQUOT',
    format: ['mkfs.ext4', '-q', '-F', '-O', 'quota,project', '-E', 'lazy_itable_init=1,nodiscard'],
  },
  { type: 'xfs', disk: xfsDisk, errno: 'ENOSPC', format: ['mkfs.xfs', '-q', '-f', '-K'] },
] as const

for (const { type, disk, errno, format } of filesystems) {
  describe(`on ${type} with project quota`, () => {
    let place: string
    let home: string
    let around: Surroundings
    let driver: Driver

    before(async () => {
      place = await mkdtemp('/tmp/disk-')
      const [program, ...args] = format
      await run(program, [...args, disk])
      await mount({ source: disk, target: place, type, options: ['prjquota'] })
    })

    after(async () => {
      await unmount(place)
      await rm(place, { recursive: true })
    })

    beforeEach(async () => {
      home = await mkdtemp(join(place, 'home-'))
      around = surroundings()
      driver = await openDriver(local(), home, around)
    })

    const create = async (name: string, options: Record<string, number>): Promise<DriverVolume> => {
      const created = await driver.create(volume(name, options), call)
      return { ...volume(name, options, created?.state), sizeBytes: created?.sizeBytes }
    }
    const dataOf = (name: string) => join(home, 'volume', name, '_data')
    const idOf = async (name: string) => (await projectOf(dataOf(name))).id

    it('the size holds from creation, df shows it, and the error is the filesystem’s', async () => {
      const sized = await create('data', { size: 8 * mebibyte })
      assert.equal(sized.sizeBytes, 8 * mebibyte)
      const { blocks, bsize } = await statfs(dataOf('data'))
      assert.equal(blocks * bsize, 8 * mebibyte)
      const { message } = await writtenBy('-sys_resource', join(dataOf('data'), 'file'), 12)
      assert.match(message, errno === 'EDQUOT' ? /Disk quota exceeded/ : /No space left on device/)
      const usage = await driver.usage?.measure(sized, call)
      assert.ok(usage !== undefined && usage.usedBytes > 7 * mebibyte && usage.usedBytes <= 8 * mebibyte)
      assert.equal(usage.limitBytes, 8 * mebibyte)
      assert.equal(usage.source, 'counter')
    })

    it('a writer with CAP_SYS_RESOURCE passes the limit of ext4 alone, and describe says so', async () => {
      const sized = await create('data', { size: 4 * mebibyte })
      const { message } = await writtenBy(undefined, join(dataOf('data'), 'file'), 8)
      const facts = (await driver.describe?.(sized, call))?.facts
      assert.equal(facts?.quota, `project (${type})`)
      assert.equal(facts?.projectId, await idOf('data'))
      if (type === 'ext4') {
        assert.equal(message, '')
        assert.match(String(facts?.enforcement), /CAP_SYS_RESOURCE/)
      } else {
        assert.match(message, /No space left on device/)
        assert.match(String(facts?.enforcement), /whoever it is/)
      }
    })

    it('the number of files holds', async () => {
      const limited = await create('data', { inodes: 5 })
      const { message } = await filesMadeBy('-sys_resource', dataOf('data'), 8)
      assert.match(message, errno === 'EDQUOT' ? /Disk quota exceeded/ : /No space left on device/)
      const usage = await driver.usage?.measure(limited, call)
      assert.equal(usage?.limitInodes, 5)
      assert.equal(usage.usedInodes, 5)
      assert.equal(usage.limitBytes, undefined)
    })

    it('ids are from 2^24 up, of one volume each, and never those that somebody else uses', async () => {
      const names = Array.from({ length: 12 }, (_, index) => `many-${index}`)
      await Promise.all(names.map((name) => create(name, { size: mebibyte })))
      const ids = await Promise.all(names.map(idOf))
      assert.equal(new Set(ids).size, names.length)
      assert.ok(ids.every((id) => id >= 2 ** 24))
      // Another engine of the same id forgets what it gave: the kernel’s counters tell.
      const other = await openDriver(local({ root: join(home, 'other') }), home, surroundings())
      await other.create(volume('another', { size: mebibyte }), call)
      assert.ok(!ids.includes((await projectOf(join(home, 'other/another/_data'))).id))
    })

    /** xfs gives inodes back in the background, a moment after they are deleted, and tells nobody. */
    async function settledUsage(id: number, due: { readonly usedInodes: number }) {
      for (let wait = 0; wait < 40; wait += 1) {
        if ((await projectUsage(place, id)).usedInodes === due.usedInodes) break
        await delay(50)
      }
      return await projectUsage(place, id)
    }

    it('a removed volume leaves no limit, no id and no note', async () => {
      const used = await projectUsages(place)
      const sized = await create('data', { size: mebibyte })
      await writeFile(join(dataOf('data'), 'file'), 'x')
      const id = await idOf('data')
      await driver.remove(sized, call)
      await driver.close()
      const empty = { id, usedBytes: 0, usedInodes: 0, limitBytes: undefined, limitInodes: undefined }
      assert.deepEqual(await settledUsage(id, empty), empty)
      assert.deepEqual([...around.kept.keys()], [])
      assert.equal((await projectUsages(place)).length, used.length)
    })

    it('what a crash left of a volume that never came to be is taken back when the driver is opened', async () => {
      const sized = await create('data', { size: mebibyte })
      const id = await idOf('data')
      await rm(join(home, 'volume/data'), { recursive: true })
      await driver.close()
      driver = await openDriver(local(), home, around)
      assert.deepEqual([...around.kept.keys()], [])
      assert.equal((await projectUsage(place, id)).limitBytes, undefined)
      await driver.create(volume('data', sized.options), call)
      assert.equal((await projectUsage(place, await idOf('data'))).limitBytes, mebibyte)
    })

    it('a volume keeps its limit and its id with a new name, also when a crash cut the renaming short', async () => {
      const sized = await create('old', { size: mebibyte })
      const id = await idOf('old')
      const notes = new Map(around.kept)
      await driver.renaming?.rename(sized, 'new', call)
      assert.equal(await idOf('new'), id)
      // The directory was renamed, and the note of it lost.
      around.kept.clear()
      for (const [key] of notes) around.kept.set(key, { names: ['old', 'new'] })
      driver = await openDriver(local(), home, around)
      await driver.renaming?.rename(sized, 'new', call)
      assert.equal((await projectUsage(place, id)).limitBytes, mebibyte)
      assert.deepEqual([...around.kept.values()], [{ names: ['new'] }])
      assert.equal((await driver.usage?.measure({ ...sized, name: 'new' }, call))?.limitBytes, mebibyte)
    })

    it('restoring a snapshot that fills the volume fits, since the old content does not count', async () => {
      const sized = await create('data', { size: 4 * mebibyte })
      await writeFile(join(dataOf('data'), 'file'), Buffer.alloc(3 * mebibyte, 1))
      const request = { name: 'snap', isMounted: false, allowInconsistent: false }
      const snapshot = await driver.snapshots?.create(sized, request, call)
      assert.ok(snapshot !== undefined)
      assert.equal(snapshot.method, type === 'xfs' ? 'reflink' : 'copy')
      await writeFile(join(dataOf('data'), 'file'), Buffer.alloc(3 * mebibyte, 2))
      await driver.snapshots?.restore(sized, snapshot, call)
      assert.equal((await stat(join(dataOf('data'), 'file'))).size, 3 * mebibyte)
      assert.equal((await driver.usage?.measure(sized, call))?.limitBytes, 4 * mebibyte)
      assert.equal([...around.kept.keys()].length, 1, 'one id is noted')
    })

    it('a clone of one that has grown has the limit that it grew to', async () => {
      const sized = await create('data', { size: 4 * mebibyte })
      await driver.resizing?.resize(sized, 12 * mebibyte, call)
      await writeFile(join(dataOf('data'), 'file'), Buffer.alloc(9 * mebibyte, 1))
      const source = { ...sized, sizeBytes: 12 * mebibyte }
      const request = { source, isMounted: false, allowInconsistent: false }
      const clone = { ...volume('clone', { size: 4 * mebibyte }), sizeBytes: 12 * mebibyte }
      assert.equal((await driver.cloning?.clone(clone, request, call))?.sizeBytes, 12 * mebibyte)
      assert.equal((await projectUsage(place, await idOf('clone'))).limitBytes, 12 * mebibyte)
      assert.equal((await stat(join(dataOf('clone'), 'file'))).size, 9 * mebibyte)
    })

    it('a size below what is in it is refused, and the limit stays', async () => {
      const sized = await create('data', { size: 4 * mebibyte })
      await appendFile(join(dataOf('data'), 'file'), Buffer.alloc(3 * mebibyte))
      await assert.rejects(async () => await driver.resizing?.resize(sized, mebibyte, call), { code: 'exhausted' })
      assert.equal((await driver.usage?.measure(sized, call))?.limitBytes, 4 * mebibyte)
    })

    it('the driver tells its means, and a volume without a size is a plain directory', async () => {
      const health = await driver.health?.check(call)
      assert.equal(health?.details?.quota, `project (${type})`)
      await driver.create(volume('plain'), call)
      assert.equal(await idOf('plain'), 0)
      assert.deepEqual(await readdir(join(home, 'volume/plain')), ['_data'])
    })
  })
}

/** Writes mebibytes with dd, with the capability or without. @returns what dd said when it failed */
async function writtenBy(
  capability: string | undefined,
  file: string,
  mebibytes: number,
): Promise<{ message: string }> {
  const drop = capability === undefined ? [] : [`--bounding-set=${capability}`, `--inh-caps=${capability}`]
  return await saidBy('setpriv', [
    ...drop,
    'dd',
    'if=/dev/zero',
    `of=${file}`,
    'bs=1M',
    `count=${mebibytes}`,
    'conv=fsync',
  ])
}

async function filesMadeBy(capability: string, folder: string, count: number): Promise<{ message: string }> {
  const names = Array.from({ length: count }, (_, index) => join(folder, `file-${index}`))
  return await saidBy('setpriv', [`--bounding-set=${capability}`, `--inh-caps=${capability}`, 'touch', ...names])
}

async function saidBy(program: string, args: readonly string[]): Promise<{ message: string }> {
  try {
    await run(program, args, { env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } })
    return { message: '' }
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) throw error
    return { message: (error as { stderr: string }).stderr }
  }
}
