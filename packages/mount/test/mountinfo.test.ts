import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mountOf } from '../src/find-mount.js'
import {
  canonicalPath,
  findMount,
  isMountpoint,
  isWithin,
  mountsUnder,
  parseMountinfo,
  readMountinfo,
} from '../src/index.js'

describe('parseMountinfo', () => {
  it('reads every field', () => {
    const line = '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue\n'
    expect(parseMountinfo(line)).toEqual([
      {
        id: 36,
        parentId: 35,
        device: '98:0',
        root: '/mnt1',
        mountPoint: '/mnt2',
        options: ['rw', 'noatime'],
        propagation: ['master:1', 'shared:7'],
        type: 'ext3',
        source: '/dev/root',
        superOptions: ['rw', 'errors=continue'],
      },
    ])
  })

  it('reads lines without optional fields, and with a dash as source', () => {
    const [entry] = parseMountinfo('1 0 0:5 / /x ro - tmpfs - rw')
    expect(entry).toMatchObject({ propagation: [], type: 'tmpfs', source: '-', superOptions: ['rw'] })
  })

  it('reads an empty source and empty options of the file system', () => {
    expect(parseMountinfo('1 0 0:5 / /x rw - tmpfs  rw')[0]).toMatchObject({ source: '', superOptions: ['rw'] })
    expect(parseMountinfo('1 0 0:5 / /x rw - tmpfs none')[0]).toMatchObject({ source: 'none', superOptions: [] })
  })

  it('unescapes blanks, tabs, newlines, backslashes and hashes, and nothing else', () => {
    const [entry] = parseMountinfo(
      String.raw`1 0 0:5 /a\011b /x\040y\012z\134040 rw - fuse.a\040b s\043\040p size=1\0409`,
    )
    expect(entry?.root).toBe('/a\tb')
    expect(entry?.mountPoint).toBe('/x y\nz\\040')
    expect(entry?.type).toBe('fuse.a b')
    expect(entry?.source).toBe('s# p')
    expect(entry?.superOptions).toEqual(['size=1 9'])
  })

  it('keeps what is not ASCII', () => {
    expect(parseMountinfo('1 0 0:5 / /größe/数 rw - tmpfs t rw')[0]?.mountPoint).toBe('/größe/数')
  })

  it('reads no lines as no mounts', () => {
    expect(parseMountinfo('')).toEqual([])
  })

  it.each(['nonsense', '1 0 0:5 / /x rw tmpfs t rw', 'a 0 0:5 / /x rw - tmpfs t rw', '1 0 0:5 / /x rw -', '\n\n'])(
    'refuses %j as corrupt',
    (text) => {
      expect(() => parseMountinfo(text)).toThrow(expect.objectContaining({ code: 'corrupt' }))
    },
  )
})

describe('mountOf', () => {
  const entries = parseMountinfo(
    [
      '20 1 8:1 / / rw - ext4 /dev/sda1 rw',
      '21 20 8:2 / /data rw - ext4 /dev/sda2 rw',
      '22 21 8:3 / /data/deep/er rw - ext4 /dev/sda3 rw',
      '23 20 8:4 / /data-not rw - ext4 /dev/sda4 rw',
      // /over has a mount, that one has one below it, and then something was mounted over both.
      '24 20 8:5 / /over rw - ext4 /dev/sda5 rw',
      '25 24 8:6 / /over/hidden rw - ext4 /dev/sda6 rw',
      '26 24 0:9 / /over rw - tmpfs top rw',
    ].join('\n'),
  )

  it.each([
    ['/', 20],
    ['/etc/passwd', 20],
    ['/data', 21],
    ['/data/deep', 21],
    ['/data/deep/er/file', 22],
    ['/data-not/x', 23],
    ['/datax', 20],
    ['/over', 26],
    ['/over/hidden', 26],
    ['/over/hidden/file', 26],
  ])('%s lies on mount %d', (path, id) => {
    expect(mountOf(path, entries)?.id).toBe(id)
  })

  it('sees through a mount that hides a whole branch', () => {
    const hiding = parseMountinfo(
      ['1 0 8:1 / / rw - ext4 a rw', '2 1 8:2 / /a/b rw - ext4 b rw', '3 1 8:3 / /a rw - ext4 c rw'].join('\n'),
    )
    expect(mountOf('/a/b/file', hiding)?.id).toBe(3)
  })

  it('knows a list whose root is not among them', () => {
    const jailed = parseMountinfo('7 3 0:9 / /in rw - tmpfs t rw\n8 7 0:10 / /in/er rw - tmpfs t rw')
    expect(mountOf('/in/er/x', jailed)?.id).toBe(8)
    expect(mountOf('/elsewhere', jailed)).toBeUndefined()
  })

  it('ends on a mount that is its own parent', () => {
    expect(mountOf('/x', parseMountinfo('1 1 0:1 / / rw - rootfs r rw'))?.id).toBe(1)
  })
})

describe('isWithin', () => {
  it.each([
    ['/a', '/a', true],
    ['/a', '/a/b', true],
    ['/', '/a', true],
    ['/', '/', true],
    ['/a', '/ab', false],
    ['/a/b', '/a', false],
  ])('%s holds %s: %s', (parent, path, answer) => {
    expect(isWithin(parent, path)).toBe(answer)
  })
})

describe('on this host', () => {
  let directory: string

  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'pouch-mount-')))
  })

  afterEach(async () => {
    await rm(directory, { recursive: true })
  })

  it('reads the mounts of this process, of another, and says when there is no such process', async () => {
    const own = await readMountinfo()
    expect(own.some(({ mountPoint, type }) => mountPoint === '/proc' && type === 'proc')).toBe(true)
    expect(await readMountinfo({ pid: process.ppid })).not.toEqual([])
    await expect(readMountinfo({ pid: 2 ** 30 })).rejects.toMatchObject({ code: 'not-found' })
    for (const pid of [0, -1, 1.5, Number.NaN]) {
      await expect(readMountinfo({ pid })).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it('finds the mount of a path, through links and where nothing is yet', async () => {
    const link = join(directory, 'link')
    await symlink('/proc', link)
    expect(await findMount(link)).toMatchObject({ mountPoint: '/proc', type: 'proc' })
    expect(await findMount('/proc/self/status')).toMatchObject({ mountPoint: '/proc' })
    expect(await findMount('/proc/no/such/thing')).toMatchObject({ mountPoint: '/proc' })
    expect(await isMountpoint(link)).toBe(true)
    expect(await isMountpoint('/proc/')).toBe(true)
    expect(await isMountpoint(directory)).toBe(false)
    expect(await isMountpoint(join(directory, 'absent'))).toBe(false)
  })

  it('lists the mounts below a path without the path itself', async () => {
    const all = (await readMountinfo()).filter(({ mountPoint }) => mountPoint !== '/')
    expect(await mountsUnder('/')).toHaveLength(all.length)
    const below = (await mountsUnder('/dev')).map(({ mountPoint }) => mountPoint)
    expect(below).toContain('/dev/pts')
    expect(below.every((path) => path.startsWith('/dev/'))).toBe(true)
  })

  it('resolves paths of which a part does not exist, and no link to nowhere', async () => {
    await mkdir(join(directory, 'real'))
    await symlink('real', join(directory, 'link'))
    await symlink('nowhere', join(directory, 'dangling'))
    await writeFile(join(directory, 'file'), '')
    expect(await canonicalPath(join(directory, 'link/a/../b/c'))).toBe(join(directory, 'real/b/c'))
    expect(await canonicalPath(`${directory}/link/`)).toBe(join(directory, 'real'))
    await expect(canonicalPath(join(directory, 'dangling/x'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(canonicalPath(join(directory, 'file/x'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  it.each(['relative', '', './x', '/with\0nul'])('refuses the path %j', async (path) => {
    for (const call of [findMount, isMountpoint, mountsUnder, canonicalPath]) {
      await expect(call(path)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })
})
