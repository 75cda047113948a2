import { mkdir, mkdtemp, readdir, readFile, realpath, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMount, isMountpoint, mount, mountsUnder } from '@pouch/mount'
import { createImage, findLoop } from '@pouch/quota'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { local } from '../../src/index.js'
import { unmountAll } from './disk.js'

let base: string
let engine: VolumeEngine

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-local-')))
  await mkdir(join(base, 'home'))
  engine = await createVolumeEngine({ home: join(base, 'home'), drivers: [local()] })
})

afterEach(async () => {
  await engine.close()
  await unmountAll(base)
  await rm(base, { recursive: true })
})

const create = async (options: Record<string, string>) => await engine.volumes.create({ name: 'data', options })
const attach = async (holder = 'one') => {
  const { id, path = '' } = await engine.volumes.attach('data', { holder })
  return { id, path }
}

describe('a volume of type, o and device', () => {
  it('is mounted on its first reference and unmounted after its last', async () => {
    await create({ type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=700,noexec' })
    expect(await mountsUnder(base)).toEqual([])
    const one = await attach('one')
    const two = await attach('two')
    expect(two.path).toBe(one.path)
    const { blocks, bsize } = await statfs(one.path)
    expect(blocks * bsize).toBe(1024 * 1024)
    expect((await findMount(one.path))?.options).toContain('noexec')
    await engine.volumes.detach('data', one.id)
    expect(await isMountpoint(one.path)).toBe(true)
    await engine.volumes.detach('data', two.id)
    expect(await isMountpoint(one.path)).toBe(false)
    await engine.volumes.remove('data')
  })

  it('binds a directory, which is not touched by its removal', async () => {
    await mkdir(join(base, 'mine'))
    await writeFile(join(base, 'mine/file'), 'precious')
    await create({ type: 'none', device: join(base, 'mine'), o: 'bind,ro' })
    const { id, path } = await attach()
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('precious')
    await expect(writeFile(join(path, 'new'), '')).rejects.toMatchObject({ code: 'EROFS' })
    await engine.volumes.detach('data', id)
    await engine.volumes.remove('data')
    await engine.close()
    expect(await readdir(join(base, 'mine'))).toEqual(['file'])
  })

  it('that binds a tree with mounts in it leaves them where they were', async () => {
    const mine = join(base, 'mine')
    await mkdir(join(mine, 'below'), { recursive: true })
    await mount({ source: mine, target: mine, type: '', options: ['bind'] })
    await mount({ source: 'none', target: mine, type: '', options: ['shared'] })
    await mount({ source: 'pouch-test', target: join(mine, 'below'), type: 'tmpfs' })
    await writeFile(join(mine, 'below/file'), 'precious')
    await create({ type: 'none', device: mine, o: 'rbind' })
    const { id, path } = await attach()
    expect(await readFile(join(path, 'below/file'), 'utf8')).toBe('precious')
    await engine.volumes.detach('data', id)
    expect(await isMountpoint(path)).toBe(false)
    expect(await readFile(join(mine, 'below/file'), 'utf8')).toBe('precious')
  })

  it('mounts the filesystem of a device', async () => {
    const image = join(base, 'image')
    await createImage(image, { sizeBytes: 8 * 1024 * 1024 })
    await create({ type: 'ext4', device: image, o: 'loop,nodev' })
    const { id, path } = await attach()
    expect(await findMount(path)).toMatchObject({ type: 'ext4', mountPoint: path })
    await writeFile(join(path, 'file'), 'kept')
    await engine.volumes.detach('data', id)
    const again = await attach('two')
    expect(await readFile(join(again.path, 'file'), 'utf8')).toBe('kept')
    await engine.volumes.detach('data', again.id)
    expect(await findLoop(image)).toBeUndefined()
  })

  it('is there without its device, and says at its first use what is missing', async () => {
    const device = join(base, 'missing')
    await create({ type: 'none', device, o: 'bind' })
    await expect(attach()).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/failed to mount local volume: mount .*missing:.*data: bind/),
    })
    await mkdir(device)
    const { id } = await attach()
    await engine.volumes.detach('data', id)
    await engine.volumes.remove('data')
  })

  it.each([
    { type: 'cifs', device: '//127.0.0.1/share', o: 'username=me,password=ge-heim,vers=3.0' },
    { type: 'cifs', device: '//me:ge-heim@127.0.0.1/share', o: 'password=other' },
    { type: 'davfs', device: 'https://me:ge-heim@127.0.0.1/dav', o: 'password=other' },
  ])('never tells a password: not in errors, not in the volume (%j)', async (options) => {
    const created = await create(options)
    const { facts } = await engine.volumes.describe('data')
    expect(JSON.stringify([created, facts])).not.toContain('ge-heim')
    expect(facts).toMatchObject({ device: options.device.replace('me:ge-heim', '********') })
    const error = await attach().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ message: expect.stringContaining('password=********') })
    for (let told: unknown = error, depth = 0; told instanceof Error && depth < 9; told = told.cause, depth += 1) {
      expect(`${told.message} ${told.stack} ${JSON.stringify(told)}`).not.toContain('ge-heim')
    }
  })

  it('shows what it is and what it lacks', async () => {
    await create({ type: 'tmpfs', device: 'tmpfs', o: 'size=1m,secret=ge-heim' })
    await expect(engine.volumes.update('data', { sizeBytes: 4096 })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('change the size of the device'),
    })
  })
})
