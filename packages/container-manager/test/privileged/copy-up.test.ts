import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { bindLibc } from '@pouch/libc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyUp } from '../../src/copy-up.js'
import { makeRootfs } from '../support/busybox-image.js'
import { TestHost } from '../support/test-host.js'

const libc = bindLibc({
  lsetxattr: { returns: 'int', args: ['str', 'str', 'void *', 'size_t', 'int'] },
  llistxattr: { returns: 'int64', args: ['str', 'void *', 'size_t'] },
})
const nothing = () => undefined
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }
/** CAP_NET_BIND_SERVICE, as setcap writes it. */
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')

let host: TestHost

beforeAll(async () => {
  host = await TestHost.start()
  const rootfs = host.directory('rootfs-data')
  makeRootfs(rootfs)
  const data = join(rootfs, 'data')
  chmodSync(data, 0o2750)
  chownSync(data, 42, 43)
  mkdirSync(join(data, 'deep/er'), { recursive: true })
  writeFileSync(join(data, 'deep/er/file'), 'content')
  writeFileSync(join(data, 'suid'), 'x')
  chownSync(join(data, 'suid'), 7, 8)
  chmodSync(join(data, 'suid'), 0o4755)
  linkSync(join(data, 'suid'), join(data, 'deep/hard'))
  symlinkSync('../../../etc/shadow', join(data, 'escape'))
  execFileSync('mkfifo', ['-m', '666', join(data, 'fifo')])
  execFileSync('mknod', ['-m', '640', join(data, 'null'), 'c', '1', '3'])
  writeFileSync(join(data, 'sparse'), 'start')
  truncateSync(join(data, 'sparse'), 4 * 1024 * 1024)
  symlinkSync('/data', join(rootfs, 'link-to-data'))
  symlinkSync('/../../../../data', join(rootfs, 'link-up'))
  mkdirSync(join(rootfs, 'empty'))
  chownSync(join(rootfs, 'empty'), 5, 6)
  await host.images.add('data', rootfs, { Cmd: ['true'], Volumes: { '/data': {} } })
})
afterAll(async () => {
  await host.end()
})

async function setAttribute(path: string, name: string, value: string | Buffer): Promise<void> {
  const { errno } = (await libc).lsetxattr(path, name, Buffer.from(value), value.length, 0)
  expect(errno).toBeUndefined()
}

async function attributesOf(path: string): Promise<string[]> {
  const names = Buffer.alloc(4096)
  const { value } = (await libc).llistxattr(path, names, names.length)
  return names.toString('utf8', 0, Number(value)).split('\0').filter(Boolean)
}

async function create(name: string, target: string, more: object = {}): Promise<string> {
  const { id } = await host.manager.create({ image: 'data', mounts: [{ type: 'volume', name, target, ...more }] })
  await host.manager.remove(id, { volumes: true })
  return host.volumes.volumes.path(name)
}

describe('filling a volume from the image', () => {
  it('copies contents, owners, modes, links, devices and holes', async () => {
    const volume = await create('full', '/data')
    const of = (name: string) => lstatSync(join(volume, name))
    expect([of('.').uid, of('.').gid, of('.').mode & 0o7777]).toEqual([42, 43, 0o2750])
    expect(readFileSync(join(volume, 'deep/er/file'), 'utf8')).toBe('content')
    expect([of('suid').uid, of('suid').gid, of('suid').mode & 0o7777]).toEqual([7, 8, 0o4755])
    expect(of('deep/hard').ino).toBe(of('suid').ino)
    expect(readlinkSync(join(volume, 'escape'))).toBe('../../../etc/shadow')
    expect([of('fifo').isFIFO(), of('fifo').mode & 0o777]).toEqual([true, 0o666])
    expect([of('null').isCharacterDevice(), of('null').rdev, of('null').mode & 0o777]).toEqual([true, 0x103, 0o640])
    expect(of('sparse').size).toBe(4 * 1024 * 1024)
    expect(of('sparse').blocks).toBeLessThan(64)
  })

  it('copies the attributes of files, and not those of the layer that they lie in', async () => {
    const [root, volume] = [host.directory('layer'), host.directory('filled')]
    mkdirSync(join(root, 'data'))
    writeFileSync(join(root, 'data/program'), '')
    const attributes = { 'user.kept': 'yes', 'security.capability': capability, 'trusted.overlay.opaque': 'y' }
    for (const [name, value] of Object.entries(attributes)) await setAttribute(join(root, 'data/program'), name, value)
    await copyUp(root, '/data', volume, { log: silent })
    const names = (await attributesOf(join(volume, 'program'))).sort()
    expect(names).toEqual(['security.capability', 'user.kept'])
  })

  it('follows links inside the root only', async () => {
    expect(readdirSync(await create('by-link', '/link-to-data'))).toContain('suid')
    expect(readdirSync(await create('by-up-link', '/link-up'))).toContain('suid')
  })

  it('gives an empty volume the owner of an empty directory', async () => {
    const volume = await create('empty-dir', '/empty')
    expect([lstatSync(volume).uid, lstatSync(volume).gid]).toEqual([5, 6])
  })

  it('leaves a volume that holds anything, one with noCopy, and one whose target is no directory', async () => {
    await host.volumes.volumes.create({ name: 'used' })
    writeFileSync(join(await host.volumes.volumes.path('used'), 'mine'), '')
    expect(readdirSync(await create('used', '/data'))).toEqual(['mine'])
    expect(readdirSync(await create('no-copy', '/data', { noCopy: true }))).toEqual([])
    expect(readdirSync(await create('on-file', '/etc/passwd'))).toEqual([])
    expect(readdirSync(await create('missing', '/not/there'))).toEqual([])
  })

  it('makes an anonymous volume for a VOLUME of the image, with its contents', async () => {
    const { id } = await host.manager.create({ image: 'data' })
    const [mount] = host.manager.get(id).mounts
    expect(mount).toMatchObject({ type: 'volume', destination: '/data', rw: true, mode: '' })
    expect(mount?.name).toMatch(/^[0-9a-f]{64}$/)
    expect(await host.volumes.volumes.get(mount?.name ?? '')).toMatchObject({ anonymous: true })
    expect(readdirSync(mount?.source ?? '')).toContain('suid')
    await host.manager.remove(id, { volumes: true })
    expect(await host.volumes.volumes.find(mount?.name ?? '')).toBeUndefined()
  })
})
