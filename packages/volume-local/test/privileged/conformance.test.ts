import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testVolumeDriver } from '@pouch/volume-core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { local } from '../../src/index.js'
import { type Disk, disk, unmountAll } from './disk.js'

const facets = ['mounts', 'resizing', 'snapshots', 'cloning', 'renaming', 'usage', 'health'] as const

describe('on the filesystem of this host', () => {
  testVolumeDriver({
    runner: { describe, it },
    name: 'local, in an image of ext4',
    expects: facets,
    volumeOptions: { size: '16m', quota: 'loop' },
    open: async () => await subjectIn(tmpdir()),
  })
})

describe('on btrfs', () => {
  const on = onDisk('btrfs')
  testVolumeDriver({
    runner: { describe, it },
    name: 'local, in a subvolume',
    expects: facets,
    without: ['mounts'],
    open: on.open,
  })
  testVolumeDriver({
    runner: { describe, it },
    name: 'local, in a subvolume with a limit',
    expects: facets,
    without: ['mounts'],
    volumeOptions: { size: '16m' },
    open: on.open,
  })
})

describe('on xfs', () => {
  const on = onDisk('xfs')
  testVolumeDriver({
    runner: { describe, it },
    name: 'local, in a directory that shares blocks with its copies',
    expects: facets,
    without: ['mounts', 'resizing'],
    open: on.open,
  })
  testVolumeDriver({
    runner: { describe, it },
    name: 'local, in an image of xfs',
    expects: facets,
    volumeOptions: { size: '240m', quota: 'loop', fs: 'xfs' },
    open: on.open,
  })
})

function onDisk(type: 'btrfs' | 'xfs'): { open: () => ReturnType<typeof subjectIn> } {
  let made: Disk | undefined
  beforeAll(async () => {
    made = await disk(type)
  })
  afterAll(async () => await made?.dispose())
  return { open: async () => await subjectIn(made?.path ?? tmpdir()) }
}

async function subjectIn(directory: string) {
  const base = await realpath(await mkdtemp(join(directory, 'pouch-volume-local-')))
  const home = join(base, 'home')
  await mkdir(home)
  const dispose = async () => {
    await unmountAll(base)
    await rm(base, { recursive: true, force: true })
  }
  return { definition: local(), home, dispose }
}
