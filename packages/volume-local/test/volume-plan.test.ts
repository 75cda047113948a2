import type { OptionValue } from '@pouch/volume-core/driver'
import { describe, expect, it } from 'vitest'
import { planVolume } from '../src/volume-plan.js'
import { volume } from './open-driver.js'

const plan = (options: Record<string, OptionValue>) => planVolume(volume('data', options))

describe('the plan of a volume', () => {
  it.each<[string, Record<string, OptionValue>, object]>([
    ['a directory', {}, { kind: 'directory' }],
    ['a directory whose means is left open', { quota: 'auto' }, { kind: 'directory' }],
    [
      'a directory with an owner',
      { uid: 1000, mode: 0o700 },
      { kind: 'directory', access: { uid: 1000, mode: 0o700 } },
    ],
    ['one with a size', { size: 4096 }, { kind: 'sized', sizeBytes: 4096, quota: undefined }],
    ['one with a number of files alone', { inodes: 10 }, { kind: 'sized', sizeBytes: undefined, inodes: 10 }],
    ['one with a chosen means', { size: 4096, quota: 'loop', fs: 'xfs' }, { quota: 'loop', filesystem: 'xfs' }],
    ['a directory of the host', { mount: '/srv' }, { kind: 'adopted', mount: '/srv' }],
    ['a device', { type: 'tmpfs', device: 'tmpfs' }, { kind: 'device', device: { type: 'tmpfs' } }],
    ['an empty device', { type: '', device: '' }, { kind: 'directory' }],
  ])('is %s', (_, options, expected) => {
    expect(plan(options)).toMatchObject(expected)
  })

  it.each<[Record<string, OptionValue>, string]>([
    [{ mount: '/srv', size: 4096 }, 'size'],
    [{ mount: '/srv', uid: 0 }, 'uid'],
    [{ mount: '/srv', quota: 'loop' }, 'quota'],
    [{ mount: '/srv', type: 'tmpfs', device: 'tmpfs' }, 'mount'],
    [{ type: 'tmpfs', device: 'tmpfs', size: 4096 }, 'size'],
    [{ type: 'tmpfs', device: 'tmpfs', mode: 0o700 }, 'mode'],
    [{ quota: 'project' }, 'quota'],
    [{ quota: 'loop', inodes: 10 }, 'quota'],
    [{ size: 4096, quota: 'btrfs', inodes: 10 }, 'inodes'],
    [{ size: 4096, fs: 'xfs', inodes: 10 }, 'inodes'],
    [{ size: 4096, quota: 'project', fs: 'ext4' }, 'fs'],
    [{ fs: 'ext4' }, 'fs'],
    [{ size: 0 }, 'size'],
    [{ size: 1.5 }, 'size'],
    [{ inodes: 2 ** 33 }, 'inodes'],
    [{ uid: 2 ** 32 - 1 }, 'uid'],
    [{ mode: 0o10000 }, 'mode'],
  ])('is refused for %j, naming %s', (options, option) => {
    expect(() => plan(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', details: { option } }))
  })
})
