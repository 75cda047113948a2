import { describe, expect, it } from 'vitest'
import { errnoOfStderr } from '../src/errno-of-stderr.js'
import { mountFlags, parseMountOptions } from '../src/index.js'
import { planMount } from '../src/mount-options.js'
import { mountArgs } from '../src/program-args.js'

const plan = (type: string, ...options: string[]) => planMount(type, parseMountOptions(options))
const kinds = (type: string, ...options: string[]) => plan(type, ...options).map(({ kind }) => kind)

describe('parseMountOptions', () => {
  it('makes flags of what every mount knows and data of the rest', () => {
    expect(parseMountOptions(['nosuid', 'nodev,noexec', 'ro', 'size=1m', 'mode=1777'], 'uid=7')).toEqual({
      flags: 0b1111,
      bind: 'none',
      remount: false,
      propagation: [],
      data: 'size=1m,mode=1777,uid=7',
    })
  })

  it('lets a later option win', () => {
    expect(parseMountOptions(['ro', 'rw']).flags).toBe(0)
    expect(parseMountOptions(['rw', 'ro']).flags).toBe(mountFlags.readOnly)
    expect(parseMountOptions(['nosuid,suid,noatime']).flags).toBe(mountFlags.noAtime)
  })

  it('knows binds, remounts and propagation', () => {
    expect(parseMountOptions(['bind', 'rprivate'])).toMatchObject({
      bind: 'plain',
      propagation: ['rprivate'],
      data: '',
    })
    expect(parseMountOptions(['rbind'])).toMatchObject({ bind: 'recursive' })
    expect(parseMountOptions(['rbind', 'bind'])).toMatchObject({ bind: 'recursive' })
    expect(parseMountOptions(['remount', 'size=2m'])).toMatchObject({ remount: true, data: 'size=2m' })
  })

  it('takes names that objects have for data', () => {
    expect(parseMountOptions(['constructor', '__proto__', 'toString']).data).toBe('constructor,__proto__,toString')
  })

  it('drops nothing but empty options', () => {
    expect(parseMountOptions(['', ',', 'defaults'])).toMatchObject({ flags: 0, data: '' })
  })

  it('refuses a NUL, and more data than the kernel reads', () => {
    expect(() => parseMountOptions(['a\0b'])).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(() => parseMountOptions([], 'x'.repeat(4096))).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(parseMountOptions([], 'x'.repeat(4095)).data).toHaveLength(4095)
  })
})

describe('the steps of a mount', () => {
  it('are one for a file system, with flags and data together', () => {
    expect(plan('tmpfs', 'ro', 'size=1m')).toEqual([{ kind: 'mount', flags: 1, options: ['ro'], data: 'size=1m' }])
  })

  it('remount a bind for its flags, and set each propagation alone', () => {
    expect(kinds('', 'bind')).toEqual(['bind'])
    expect(kinds('', 'rbind', 'ro')).toEqual(['bind', 'remount-bind'])
    expect(kinds('', 'bind', 'ro', 'private', 'shared')).toEqual(['bind', 'remount-bind', 'propagation', 'propagation'])
    expect(plan('', 'rbind', 'ro', 'rslave').map(({ flags }) => flags)).toEqual([0x5000, 0x1021, 0x84000])
  })

  it('change what is mounted', () => {
    expect(kinds('', 'remount', 'bind', 'ro')).toEqual(['remount-bind'])
    expect(kinds('tmpfs', 'remount', 'size=2m')).toEqual(['remount'])
    expect(kinds('none', 'rprivate')).toEqual(['propagation'])
    expect(kinds('tmpfs', 'private')).toEqual(['mount', 'propagation'])
  })

  it('are none where nothing is asked for', () => {
    expect(kinds('')).toEqual([])
    expect(kinds('none', 'ro')).toEqual([])
  })

  it('say the same to mount(8), where a name never becomes an option', () => {
    const request = { source: '-o', target: '/-t x', type: 'ext4', options: parseMountOptions([]) }
    const args = (type: string, ...options: string[]) =>
      plan(type, ...options).map((step) => mountArgs(step, { ...request, type }))
    expect(args('ext4', 'ro', 'acl')).toEqual([['-t', 'ext4', '-o', 'ro,acl', '--', '-o', '/-t x']])
    expect(args('ext4')).toEqual([['-t', 'ext4', '--', '-o', '/-t x']])
    expect(args('', 'bind', 'ro', 'rprivate')).toEqual([
      ['-o', 'bind', '--', '-o', '/-t x'],
      ['-o', 'remount,bind,ro', '--', '-o', '/-t x'],
      ['--make-rprivate', '--', '/-t x'],
    ])
  })
})

describe('the errno of what mount(8) says', () => {
  it.each([
    ['mount: /t: must be superuser to use mount.', 'EPERM'],
    ['mount: /t: permission denied.', 'EACCES'],
    ['umount: /t: target is busy.', 'EBUSY'],
    ['mount: /t: special device /s does not exist.', 'ENOENT'],
    ['mount: /t: mount point does not exist.', 'ENOENT'],
    ['mount: /t: mount point is not a directory.', 'ENOTDIR'],
    ['mount: /t: /s is not a block device; try "-o loop".', 'ENOTBLK'],
    ["mount: /t: unknown filesystem type 'zfs'.", 'ENODEV'],
    ['mount: /t: wrong fs type, bad option, bad superblock on /s, missing codepage or helper program', 'EINVAL'],
    ["mount: /t: can't read superblock on /s.", 'EIO'],
    ['mount: mounting /s on /t failed: Invalid argument', 'EINVAL'],
    ['umount: /t: not mounted.', 'EINVAL'],
    ["mkfifo: cannot create fifo '/t': File exists", 'EEXIST'],
    ['mount.nfs: Connection timed out', 'ETIMEDOUT'],
    ['something else entirely', undefined],
  ])('%s → %s', (words, errno) => {
    expect(errnoOfStderr(words, ['/t', '/s'])).toBe(errno)
  })

  it('is not read from the names of files', () => {
    const target = '/srv/target is busy/file exists'
    expect(errnoOfStderr(`mount: ${target}: wrong fs type`, [target])).toBe('EINVAL')
    expect(errnoOfStderr('mount: special device x does not exist', ['x'])).toBe('ENOENT')
    expect(errnoOfStderr(`mount: ${target}: it broke`, [target, '/srv'])).toBeUndefined()
  })
})
