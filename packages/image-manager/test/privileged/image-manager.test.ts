import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ImageManager, type ImageUser } from '../../src/index.js'
import { collectGarbage, inventory, nothing, startContainerd, type TestContainerd } from '../fixtures/containerd.js'
import { dockerArchive, imageOf, smallImage, type TestImage } from '../fixtures/images.js'
import { file, folder, sha256, streamOf, tarOf } from '../fixtures/tar.js'

let containerd: TestContainerd
let images: ImageManager
let small: TestImage
let users: readonly ImageUser[] = []
const told: string[] = []

beforeAll(async () => {
  containerd = await startContainerd()
  images = new ImageManager({ containerd: containerd.client, engineId: 'engine-1', isUsed: () => users })
  images.events.on('image.tagged', (image, name) => told.push(`tagged ${name} ${image.id}`))
  images.events.on('image.untagged', (id, name) => told.push(`untagged ${name} ${id}`))
  images.events.on('image.removed', (id) => told.push(`removed ${id}`))
  small = await smallImage()
})
afterEach(async () => {
  users = []
  for (const each of await images.list()) await images.remove(each.id, { force: true })
  await collectGarbage(containerd.client)
  expect(await inventory(containerd.client)).toEqual(nothing)
  told.length = 0
})
afterAll(async () => containerd?.stop())

const load = async (image: TestImage, ...names: string[]) =>
  images.load(streamOf(await tarOf(await dockerArchive(image, names))))
const running = 'a'.repeat(64)
const stopped = 'b'.repeat(64)
const id = () => small.config.digest
const short = (digest: string) => digest.slice(7, 19)

describe('looking up', () => {
  it('finds an image by its name, its id and the beginning of it', async () => {
    await load(small, 'busybox:1.36', 'x')
    const hex = id().slice(7)
    for (const name of [
      'busybox:1.36',
      'docker.io/library/busybox:1.36',
      'x',
      'x:latest',
      id(),
      hex,
      hex.slice(0, 12),
      id().slice(0, 20),
    ]) {
      expect((await images.get(name)).id, name).toBe(id())
    }
    const resolved = await images.resolve('x')
    expect(resolved).toMatchObject({
      id: id(),
      references: ['busybox:1.36', 'x:latest'],
      config: { os: 'linux', config: { Cmd: ['/bin/sh'] } },
    })
    const [first = '', second = ''] = small.layers.map((each) => each.digest)
    expect(resolved.chainId).toBe(sha256(`${first} ${second}`))
  })

  it.each([
    ['fs_nope', 'not-found', 'No such image: fs_nope:latest'],
    ['busybox', 'not-found', 'No such image: busybox:latest'],
    [`sha256:${'0'.repeat(64)}`, 'not-found', `No such image: sha256:${'0'.repeat(64)}`],
    ['0123456789ab', 'not-found', 'No such image: 0123456789ab:latest'],
    [`busybox@sha256:${'0'.repeat(64)}`, 'not-found', `No such image: busybox@sha256:${'0'.repeat(64)}`],
    ['BAD x', 'invalid-argument', 'invalid reference format: repository name must be lowercase'],
    ['../../etc', 'invalid-argument', 'invalid reference format'],
  ])('says of %s: %s', async (name, code, message) => {
    await load(small, 'busybox:1.36')
    await expect(images.get(name)).rejects.toMatchObject({ code, message })
    await expect(images.remove(name)).rejects.toMatchObject({ code })
  })

  it('does not guess between images', async () => {
    for (let index = 0; index < 17; index += 1)
      await load(await imageOf([], { created: new Date(index * 1000).toISOString() }))
    const letters = (await images.list()).map((each) => each.id[7] ?? '')
    const twice = letters.find((letter, index) => letters.indexOf(letter) !== index) ?? ''
    await expect(images.get(twice)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('give more of it'),
    })
  })

  it('lists by name, label, age and lack of a name, newest first', async () => {
    const [old, middle, young] = await Promise.all(
      [1, 2, 3].map((year) =>
        imageOf([], { created: `200${year}-01-01T00:00:00Z`, config: { Labels: { year: `${year}` } } }),
      ),
    )
    if (old === undefined || middle === undefined || young === undefined) throw new Error('no images')
    await load(middle, 'team/app:2', 'other:1')
    await load(young, 'team/app:3')
    await load(old)
    const ids = async (filter: Parameters<ImageManager['list']>[0]) =>
      (await images.list(filter)).map((each) => each.id)
    const [o, m, y] = [old, middle, young].map((each) => each.config.digest)
    expect(await ids({})).toEqual([y, m, o])
    expect(await ids({ references: ['team/app'] })).toEqual([y, m])
    expect(await ids({ references: ['team/*:2', 'nothing'] })).toEqual([m])
    expect(await ids({ references: ['*'] })).toEqual([m])
    expect(await ids({ references: ['team/ap[p-q]:[!2]'] })).toEqual([y])
    expect(await ids({ references: ['team/ap('] })).toEqual([])
    expect(await ids({ labels: ['year=1'] })).toEqual([o])
    expect(await ids({ labels: ['year', 'none'] })).toEqual([])
    expect(await ids({ dangling: true })).toEqual([o])
    expect(await ids({ before: 'team/app:3' })).toEqual([m, o])
    expect(await ids({ since: o ?? '', dangling: false })).toEqual([y, m])
    await expect(images.list({ before: 'nope' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('shows the others when the configuration of one is lost', async () => {
    await load(small, 'lost')
    await load(await imageOf([]), 'kept')
    await containerd.client.content.delete(id())
    const fresh = new ImageManager({ containerd: containerd.client, engineId: 'engine-1' })
    expect((await fresh.list()).map((each) => each.references)).toEqual([['kept:latest']])
    await expect(fresh.get('lost')).rejects.toMatchObject({ code: 'corrupt' })
    await fresh.remove('lost')
  })

  it('tells how an image was made', async () => {
    await load(small, 'h')
    expect(await images.history('h')).toEqual([
      {
        id: id(),
        createdAt: '2024-01-02T03:04:05Z',
        createdBy: 'step 1',
        tags: ['h:latest'],
        sizeBytes: expect.any(Number),
        comment: '',
      },
      {
        id: undefined,
        createdAt: '2024-01-02T03:04:05Z',
        createdBy: 'step 0',
        tags: [],
        sizeBytes: expect.any(Number),
        comment: '',
      },
    ])
    const [top, base] = await images.history('h')
    expect((top?.sizeBytes ?? 0) + (base?.sizeBytes ?? 0)).toBe((await images.get('h')).sizeBytes)
  })
})

describe('tag', () => {
  it('gives an image a further name, and moves one that another image has', async () => {
    await load(small, 'a:1')
    const other = await imageOf([[file('o', 'o')]])
    await load(other, 'b:1')
    await images.tag('a:1', 'b:1')
    expect((await images.get('b:1')).references).toEqual(['a:1', 'b:1'])
    expect((await images.get(other.config.digest)).references).toEqual([])
    await images.tag(other.config.digest, 'localhost:5000/c')
    expect((await images.get(other.config.digest)).references).toEqual(['localhost:5000/c:latest'])
    expect(told).toEqual([
      `untagged b:1 ${other.config.digest}`,
      `tagged b:1 ${id()}`,
      `tagged localhost:5000/c:latest ${other.config.digest}`,
    ])
    expect((await inventory(containerd.client)).images).toHaveLength(3)
  })

  it.each([
    ['UPPER', 'repository name must be lowercase'],
    ['sha256', 'refusing to create an ambiguous tag using digest algorithm as name'],
    [`x@sha256:${'0'.repeat(64)}`, 'refusing to create a tag with a digest reference'],
    ['f'.repeat(64), 'cannot specify 64-byte hexadecimal strings'],
  ])('refuses %s', async (target, message) => {
    await load(small, 'a')
    await expect(images.tag('a', target)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(message),
    })
    await expect(images.tag('none', 'b')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('remove', () => {
  it('takes one name of several, whoever uses the image', async () => {
    await load(small, 'a:1', 'a:2')
    users = [{ id: running, running: true }]
    expect(await images.remove('a:1')).toEqual([{ untagged: 'a:1' }])
    expect((await images.get(id())).references).toEqual(['a:2'])
  })

  it('takes the image with its last name, and all that it had on the disk', async () => {
    await load(small, 'a:1')
    expect(await images.remove('a:1')).toEqual([{ untagged: 'a:1' }, { deleted: id() }])
    expect(await inventory(containerd.client)).toEqual(nothing)
    expect(told).toEqual([`untagged a:1 ${id()}`, `removed ${id()}`])
  })

  it('keeps what other images have in common with it', async () => {
    await load(small, 'a')
    const [base] = small.layers
    const [loaded] = await load(await child(base?.bytes ?? Buffer.alloc(0)), 'child')
    await images.remove('a')
    expect(await images.unpack('child')).toBe((await images.resolve('child')).chainId)
    const left = await inventory(containerd.client)
    expect(left.snapshots).toHaveLength(2)
    expect(left.content).toContain(loaded?.image.layers[0])
    expect(left.content).not.toContain(small.layers[1]?.digest)
  })

  it('refuses the last name while a container uses it; force takes it', async () => {
    await load(small, 'a:1')
    users = [{ id: stopped, running: false }]
    await expect(images.remove('a:1')).rejects.toMatchObject({
      code: 'in-use',
      message: `conflict: unable to remove repository reference "a:1" (must force) - container ${'b'.repeat(12)} is using its referenced image ${short(id())}`,
      details: { containers: [stopped] },
    })
    expect(await images.remove('a:1', { force: true })).toEqual([{ untagged: 'a:1' }, { deleted: id() }])
  })

  it('keeps the image that a container runs, nameless', async () => {
    await load(small, 'a:1')
    users = [
      { id: stopped, running: false },
      { id: running, running: true },
    ]
    expect(await images.remove('a:1', { force: true })).toEqual([{ untagged: 'a:1' }])
    await collectGarbage(containerd.client)
    expect(await images.get(id())).toMatchObject({ references: [], digests: [] })
    expect((await inventory(containerd.client)).snapshots).toHaveLength(2)
    await expect(images.remove(id(), { force: true })).rejects.toMatchObject({
      code: 'in-use',
      message: `conflict: unable to delete ${short(id())} (cannot be forced) - image is being used by running container ${'a'.repeat(12)}`,
    })
    users = [{ id: stopped, running: false }]
    await expect(images.remove(id())).rejects.toMatchObject({
      message: `conflict: unable to delete ${short(id())} (must be forced) - image is being used by stopped container ${'b'.repeat(12)}`,
    })
  })

  it('takes an id with names in one repository, and needs force for several', async () => {
    await load(small, 'a:1', 'b:1')
    await expect(images.remove(short(id()))).rejects.toMatchObject({
      code: 'conflict',
      message: `conflict: unable to delete ${short(id())} (must be forced) - image is referenced in multiple repositories`,
    })
    expect(await images.remove(short(id()), { force: true })).toEqual([
      { untagged: 'a:1' },
      { untagged: 'b:1' },
      { deleted: id() },
    ])
    await load(small, 'a:1')
    expect(await images.remove(id())).toEqual([{ untagged: 'a:1' }, { deleted: id() }])
  })

  it('asks the caller’s own list of users, where a bare id counts as running', async () => {
    await load(small, 'a:1')
    const usedBy = (image: string) => (image === id() ? [running] : [])
    await expect(images.remove(id(), { force: true, usedBy })).rejects.toMatchObject({ code: 'in-use' })
  })
})

describe('unpack', () => {
  it('makes again a snapshot that is gone', async () => {
    await load(small, 'a')
    const chainId = await images.unpack('a')
    await containerd.client.snapshots().remove(chainId)
    expect(await images.unpack('a')).toBe(chainId)
    expect((await containerd.client.snapshots().stat(chainId))?.kind).toBe('committed')
  })
})

describe('import of a root file system', () => {
  const rootfs = () =>
    tarOf([folder('bin/'), file('bin/sh', 'shell', { mode: 0o755 }), file('data', Buffer.alloc(100_000, 5))])

  it.each([
    ['plain', (tar: Buffer) => tar],
    ['compressed', (tar: Buffer) => gzipSync(tar)],
  ])('takes it %s', async (_how, pack) => {
    const tar = await rootfs()
    const changes = ['CMD ["/bin/sh"]', 'ENV A=b']
    const image = await images.importRootfs(streamOf(pack(tar)), { reference: 'rootfs:1', message: 'by hand', changes })
    expect(image).toMatchObject({
      references: ['rootfs:1'],
      layers: [sha256(tar)],
      comment: 'by hand',
      os: 'linux',
      config: { Cmd: ['/bin/sh'], Env: ['A=b'] },
    })
    expect(await images.unpack('rootfs:1')).toBe(sha256(tar))
    expect(Date.now() - Date.parse(image.createdAt)).toBeLessThan(60_000)
  })

  it('keeps one without a name under its id', async () => {
    const image = await images.importRootfs(streamOf(await rootfs()), { platform: 'linux/arm64' })
    expect(image).toMatchObject({ references: [], architecture: 'arm64', comment: 'Imported from -' })
    expect((await images.list({ dangling: true })).map((each) => each.id)).toEqual([image.id])
  })

  it.each([
    ['a bad name', { reference: 'BAD' }, 'invalid-argument', rootfs],
    ['a digest for a name', { reference: `x@sha256:${'0'.repeat(64)}` }, 'invalid-argument', rootfs],
    ['a change that is none', { changes: ['RUN x'] }, 'invalid-argument', rootfs],
    ['noise', {}, 'invalid-argument', async () => Buffer.from('noise'.repeat(1000))],
    ['nothing', {}, 'invalid-argument', async () => Buffer.alloc(0)],
    ['compressed noise', {}, 'invalid-argument', async () => gzipSync(Buffer.from('noise'.repeat(1000)))],
    ['the half of a gzip', {}, 'invalid-argument', async () => gzipSync(await rootfs()).subarray(0, 150)],
    ['xz', {}, 'unsupported', async () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, ...Buffer.alloc(600)])],
    ['bzip2', {}, 'unsupported', async () => Buffer.from([0x42, 0x5a, 0x68, 0x39, ...Buffer.alloc(600)])],
  ])('refuses %s, and leaves nothing', async (_what, options, code, make) => {
    await expect(images.importRootfs(streamOf(await make()), options)).rejects.toMatchObject({ code })
    expect(await inventory(containerd.client)).toEqual(nothing)
  })
})

it('refuses an engine id that cannot be a label', () => {
  expect(() => new ImageManager({ containerd: containerd.client, engineId: 'a b"' })).toThrow('no engine id')
})

// An image on the same first layer.
async function child(base: Buffer): Promise<TestImage> {
  const top = await tarOf([file('top', 'top')])
  const layers = [base, top].map((bytes) => ({ digest: sha256(bytes), bytes }))
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: layers.map((each) => each.digest) },
    }),
  )
  return { config: { digest: sha256(config), bytes: config }, layers }
}
