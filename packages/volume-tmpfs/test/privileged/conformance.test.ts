import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testVolumeDriver } from '@pouch/volume-core/testing'
import { describe, expect, it } from 'vitest'
import { tmpfs } from '../../src/index.js'
import { mayMount } from '../may-mount.js'
import { call, defaults, openDriver, reference, volume } from '../open-driver.js'

if (mayMount()) {
  testVolumeDriver({
    runner: { describe, it },
    name: 'tmpfs',
    expects: ['mounts', 'resizing', 'renaming', 'usage', 'health'],
    volumeOptions: { size: '16m' },
    open: async () => {
      const home = await mkdtemp(join(tmpdir(), 'pouch-volume-tmpfs-'))
      return { definition: tmpfs(), home, dispose: () => rm(home, { recursive: true }) }
    },
  })
} else {
  describe('volume driver tmpfs', () => {
    it('says that mounting takes root', async () => {
      const home = await mkdtemp(join(tmpdir(), 'pouch-volume-tmpfs-'))
      try {
        const driver = await openDriver(tmpfs(), home)
        const data = volume('data', defaults)
        await driver.create(data, call)
        await expect(driver.mounts?.mount(data, reference, call)).rejects.toMatchObject({
          code: 'permission-denied',
          message: expect.stringMatching(/EPERM.*root/),
          details: { errno: 'EPERM' },
        })
        await driver.remove(data, call)
      } finally {
        await rm(home, { recursive: true })
      }
    })
  })
}
