import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { mount, unmount } from '@pouch/mount'
import { testVolumeDriver } from '@pouch/volume-core/testing'
import { local } from '../../src/index.js'

const run = promisify(execFile)
const [disk] = (process.env.POUCH_VM_DISKS ?? '').split(',')
assert.ok(disk, 'this test formats a disk, and runs in the VM alone: node scripts/vm.mjs test')

const isLong = process.env.POUCH_VM_LONG === '1'
/**
 * The VM is slow: on the second filesystem the suite leaves out what is the same on each, unless all of it is asked for. That is names,
 * signals, what is not there, many states, and the engine above; what is left has to do with ids, limits and how data is copied.
 */
const sameOnEach = /every name|signal|not there|many states|lists those|^under an engine/

for (const type of ['xfs', 'ext4'] as const) {
  const isWhole = isLong || type === 'xfs'
  const runner = {
    describe,
    it: (title: string, body: () => Promise<void>) =>
      isWhole || !sameOnEach.test(title) ? it(title, body) : undefined,
  }
  describe(`on ${type} with project quota`, () => {
    let place: string

    before(async () => {
      place = await mkdtemp('/tmp/disk-')
      const features =
        type === 'ext4' ? ['-F', '-O', 'quota,project', '-E', 'lazy_itable_init=1,nodiscard'] : ['-f', '-K']
      await run(`mkfs.${type}`, ['-q', ...features, disk])
      await mount({ source: disk, target: place, type, options: ['prjquota'] })
    })

    after(async () => {
      await unmount(place)
      await rm(place, { recursive: true })
    })

    testVolumeDriver({
      runner,
      name: 'local, in a project',
      expects: ['mounts', 'resizing', 'snapshots', 'cloning', 'renaming', 'usage', 'health'],
      without: ['mounts'],
      volumeOptions: { size: '16m' },
      // Whoever runs the suite has CAP_SYS_RESOURCE, which passes the quota of ext4.
      limitsHold: type !== 'ext4',
      open: async () => {
        const base = await mkdtemp(join(place, 'suite-'))
        await mkdir(join(base, 'home'))
        return { definition: local(), home: join(base, 'home'), dispose: () => rm(base, { recursive: true }) }
      },
    })
  })
}
