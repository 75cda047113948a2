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

// The VM is slow: of the two filesystems with project quota the suite runs on one, unless all of it is asked for.
const filesystems = process.env.POUCH_VM_LONG === '1' ? (['xfs', 'ext4'] as const) : (['xfs'] as const)

for (const type of filesystems) {
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
      runner: { describe, it },
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
