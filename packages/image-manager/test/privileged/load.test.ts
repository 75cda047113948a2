import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ImageManager, type Progress } from '../../src/index.js'
import { collectGarbage, inventory, nothing, startContainerd, type TestContainerd } from '../fixtures/containerd.js'
import {
  blobOf,
  dockerArchive,
  gzipped,
  imageOf,
  jsonBlob,
  ociArchive,
  smallImage,
  type TestImage,
  zstandard,
} from '../fixtures/images.js'
import { file, hexOf, streamOf, symlink, type TestEntry, tarOf } from '../fixtures/tar.js'

let containerd: TestContainerd
let images: ImageManager
let small: TestImage

beforeAll(async () => {
  containerd = await startContainerd()
  images = new ImageManager({ containerd: containerd.client, engineId: 'engine-1' })
  await images.open()
  small = await smallImage()
})
afterEach(async () => {
  for (const each of await images.list()) await images.remove(each.id, { force: true })
  await collectGarbage(containerd.client)
  expect(await inventory(containerd.client)).toEqual(nothing)
})
afterAll(async () => containerd?.stop())

const load = async (entries: readonly TestEntry[]) => images.load(streamOf(await tarOf(entries)))
const failure = async (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error,
  )

describe('load of docker save', () => {
  it('keeps names, configuration and layers, and nothing else', async () => {
    const steps: Progress[] = []
    const tar = await tarOf(await dockerArchive(small, ['busybox:1.36', 'localhost:5000/a/b:x']))
    const [loaded] = await images.load(streamOf(tar), { onProgress: (step) => steps.push(step) })
    expect(loaded?.references).toEqual(['busybox:1.36', 'localhost:5000/a/b:x'])
    const image = await images.get('busybox:1.36')
    expect(image).toMatchObject({
      id: small.config.digest,
      references: ['busybox:1.36', 'localhost:5000/a/b:x'],
      digests: [],
      createdAt: '2024-01-02T03:04:05.678Z',
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'], Labels: { tier: 'test' } },
      layers: small.layers.map((each) => each.digest),
      labels: { tier: 'test' },
    })
    expect(image.sizeBytes).toBeGreaterThan(300_000)
    expect(steps.length).toBeGreaterThan(0)
    expect(new Set(steps.map((each) => each.status))).toEqual(new Set(['Loading layer']))

    await collectGarbage(containerd.client)
    const left = await inventory(containerd.client)
    expect(left).toMatchObject({ leases: [], ingests: [] })
    expect(left.images?.sort()).toEqual(['docker.io/library/busybox:1.36', 'localhost:5000/a/b:x'])
    expect(left.content?.sort()).toEqual([image.target.digest, image.id, ...image.layers].sort())
    expect(left.snapshots).toHaveLength(2)
    expect(left.snapshots).toContain((await images.resolve('busybox:1.36')).chainId)
  })

  it('marks all that it makes as its engine’s', async () => {
    await load(await dockerArchive(small, ['x']))
    const { client } = containerd
    for await (const info of client.content.list()) expect(info.labels['pouch.engine']).toBe('engine-1')
    for await (const info of client.snapshots().list()) expect(info.labels['pouch.engine']).toBe('engine-1')
    for (const each of await client.images.list()) expect(each.labels['pouch.engine']).toBe('engine-1')
    const other = new ImageManager({ containerd: client, engineId: 'engine-2' })
    expect(await other.list()).toEqual([])
    await expect(other.get('x')).rejects.toMatchObject({ code: 'not-found', message: 'No such image: x:latest' })
    const foreign = await failure(
      other.load(streamOf(await tarOf(await dockerArchive(await imageOf([[file('y', 'y')]]), ['free', 'x'])))),
    )
    expect(foreign).toMatchObject({ code: 'conflict', message: expect.stringContaining('docker.io/library/x:latest') })
    expect((await images.get('x')).id).toBe(small.config.digest)
    expect(await other.list()).toEqual([])
  })

  it('is the same compressed, in any order, and with layers compressed inside', async () => {
    const entries = await dockerArchive(small, ['a:1'])
    const [plain] = await load(entries)
    const [again] = await images.load(streamOf(gzipSync(await tarOf([...entries].reverse()))))
    const [inside] = await load(await dockerArchive(small, ['a:2'], small.layers.map(gzipped)))
    expect([again?.image.id, inside?.image.id]).toEqual([plain?.image.id, plain?.image.id])
    expect(await images.list()).toHaveLength(1)
    expect((await images.get('a:2')).references).toEqual(['a:1', 'a:2'])
  })

  it('follows the links that docker save puts for layers that are equal', async () => {
    const same = await imageOf([[file('x', 'x')], [file('x', 'x')]])
    const config = `${hexOf(same.config.digest)}.json`
    const manifest = [{ Config: config, RepoTags: null, Layers: ['one/layer.tar', 'two/layer.tar'] }]
    const [loaded] = await load([
      symlink('two/layer.tar', '../one/layer.tar'),
      file('one/layer.tar', same.layers[0]?.bytes ?? ''),
      file(config, same.config.bytes),
      file('manifest.json', JSON.stringify(manifest)),
    ])
    expect(loaded?.image.layers).toHaveLength(2)
    expect(loaded?.references).toEqual([])
    expect(loaded?.image.references).toEqual([])
  })

  it('loads several images at once, and an image without layers', async () => {
    const none = await imageOf([])
    const other = await imageOf([[file('o', 'o')]])
    const entries = [...(await dockerArchive(none, [])), ...(await dockerArchive(other, []))].filter(
      (each) => each.header.name !== 'manifest.json',
    )
    const listed = [none, other].map((each, index) => ({
      Config: `${hexOf(each.config.digest)}.json`,
      RepoTags: [`m:${index}`],
      Layers: index === 0 ? [] : [layerPath(entries)],
    }))
    const loaded = await load([...entries, file('manifest.json', JSON.stringify(listed))])
    expect(loaded.map((each) => each.references)).toEqual([['m:0'], ['m:1']])
    expect((await images.resolve('m:0')).chainId).toBe('')
    expect(await images.unpack('m:0')).toBe('')
  })

  it('takes a name from the image that had it, which stays under its id', async () => {
    const events: string[] = []
    images.events.on('image.untagged', (id, name) => events.push(`${name} ${id}`))
    await load(await dockerArchive(small, ['app:1']))
    const next = await imageOf([[file('n', 'n')]])
    await load(await dockerArchive(next, ['app:1']))
    expect((await images.get('app:1')).id).toBe(next.config.digest)
    expect(await images.get(small.config.digest)).toMatchObject({ references: [], digests: [] })
    expect(events).toEqual([`app:1 ${small.config.digest}`])
    expect((await images.list({ dangling: true })).map((each) => each.id)).toEqual([small.config.digest])
    images.events.removeAllListeners()
  })
})

describe('load of an OCI layout', () => {
  it('loads it with its names, also when the blobs are here already', async () => {
    const entries = await ociArchive(small, { 'io.containerd.image.name': 'docker.io/team/app:2' })
    for (const round of [1, 2]) {
      const [loaded] = await load(entries)
      expect(loaded?.references, `round ${round}`).toEqual(['team/app:2'])
    }
    expect((await images.get('team/app:2')).layers).toEqual(small.layers.map((each) => each.digest))
  })

  it('takes layers of zstd', async () => {
    const packed = {
      ...small,
      stored: small.layers.map(zstandard),
      layerType: 'application/vnd.oci.image.layer.v1.tar+zstd',
    }
    const [loaded] = await load(await ociArchive(packed, { 'org.opencontainers.image.ref.name': 'z/z:z' }))
    expect(loaded?.references).toEqual(['z/z:z'])
    expect(loaded?.image.layers).toEqual(small.layers.map((each) => each.digest))
  })

  it('takes names of manifest.json where the index has none', async () => {
    const config = `blobs/sha256/${hexOf(small.config.digest)}`
    const manifest = [{ Config: config, RepoTags: ['both:1'], Layers: [] }]
    const [loaded] = await load([
      ...(await ociArchive(small, { 'org.opencontainers.image.ref.name': '1' })),
      file('manifest.json', JSON.stringify(manifest)),
    ])
    expect(loaded?.references).toEqual(['both:1'])
  })

  it('chooses what is there of an index of platforms', async () => {
    const absent = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'9'.repeat(64)}`,
      size: 100,
      platform: { os: 'linux', architecture: 'arm64' },
    }
    const [loaded] = await load(await ociArchive(small, { 'io.containerd.image.name': 'multi' }, [absent]))
    expect(loaded?.image).toMatchObject({ id: small.config.digest, references: ['multi:latest'] })
    await collectGarbage(containerd.client)
    expect(await images.unpack('multi')).toBe((await images.resolve('multi')).chainId)
  })

  it('refuses a blob whose bytes are not what its name says, and leaves nothing', async () => {
    const entries = await ociArchive(small, {})
    const first = `blobs/sha256/${hexOf(small.layers[0]?.digest ?? '')}`
    const broken = entries.map((each) => (each.header.name === first ? file(first, Buffer.alloc(300, 1)) : each))
    expect(await failure(load(broken))).toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(small.layers[0]?.digest ?? ''),
    })
    expect(await inventory(containerd.client)).toEqual(nothing)
  })
})

describe('an archive that is not right', () => {
  const cases: readonly (readonly [string, string, string, () => Promise<TestEntry[]>])[] = [
    ['has no manifest', 'invalid-argument', 'this is no archive of images', async () => [file('etc/passwd', 'root')]],
    [
      'lacks a layer',
      'invalid-argument',
      'layer.tar, which its manifest names',
      async () => without(await dockerArchive(small, ['x']), /layer\.tar$/),
    ],
    [
      'lacks its configuration',
      'invalid-argument',
      'the archive lacks',
      async () => without(await dockerArchive(small, ['x']), /^[a-f0-9]{64}\.json$/),
    ],
    [
      'lacks a blob',
      'invalid-argument',
      'the archive lacks the blob',
      async () => without(await ociArchive(small, {}), new RegExp(hexOf(small.layers[1]?.digest ?? ''))),
    ],
    [
      'has a layer that is not the configured one',
      'corrupt',
      "but the image's configuration says",
      async () => dockerArchive({ ...small, layers: [await tarBlob('p'), await tarBlob('q')] }, ['x']),
    ],
    [
      'has fewer layers than its configuration',
      'invalid-argument',
      'it has 1 layers where its configuration has 2',
      async () => dockerArchive(small, ['x'], small.layers.slice(1)),
    ],
    ['has a bad name', 'invalid-argument', 'invalid reference format', async () => dockerArchive(small, ['BAD name'])],
    [
      'has a manifest that is no list',
      'invalid-argument',
      'it is not a list of images',
      async () => [file('manifest.json', '{}')],
    ],
    ['has a manifest that is no JSON', 'invalid-argument', 'it is not JSON', async () => [file('manifest.json', '[')]],
    [
      'has a huge manifest',
      'invalid-argument',
      'larger than 4194304 bytes',
      async () => [file('manifest.json', Buffer.alloc(5_000_000, 32))],
    ],
    [
      'has a manifest that leads outside',
      'invalid-argument',
      'leads outside',
      async () => [file('manifest.json', JSON.stringify([{ Config: '../../etc/passwd', Layers: [] }]))],
    ],
    [
      'has links in a circle',
      'invalid-argument',
      'the archive lacks a',
      async () => [
        symlink('a', 'b'),
        symlink('b', 'a'),
        file('manifest.json', JSON.stringify([{ Config: 'a', Layers: [] }])),
      ],
    ],
    ['has a layer that is no tar', 'internal', 'could not be unpacked', async () => noTar()],
    [
      'is of Windows',
      'unsupported',
      'image operating system "windows"',
      async () => dockerArchive(await imageOf([], { os: 'windows' }), ['x']),
    ],
  ]

  it.each(cases)('is refused when it %s', async (_what, code, message, make) => {
    expect(await failure(make().then(load))).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(await inventory(containerd.client)).toEqual(nothing)
  })

  it('is refused as a whole when its second image is bad', async () => {
    const good = await dockerArchive(small, [])
    const listed = [
      {
        Config: `${hexOf(small.config.digest)}.json`,
        RepoTags: ['good:1'],
        Layers: good.flatMap((each) => (each.header.name.endsWith('layer.tar') ? [each.header.name] : [])),
      },
      { Config: 'absent.json', RepoTags: ['bad:1'], Layers: [] },
    ]
    await failure(load([...without(good, /^manifest\.json$/), file('manifest.json', JSON.stringify(listed))]))
    expect(await inventory(containerd.client)).toEqual(nothing)
  })

  it('is let go of when the caller ends it midway', async () => {
    const ending = new AbortController()
    const tar = await tarOf(await dockerArchive(await imageOf([[file('big', Buffer.alloc(8_000_000, 3))]]), ['x']))
    async function* slow() {
      yield tar.subarray(0, 4_000_000)
      ending.abort()
      yield tar.subarray(4_000_000)
    }
    expect(await failure(images.load(slow(), { signal: ending.signal }))).toMatchObject({ code: 'aborted' })
    expect(await inventory(containerd.client)).toEqual(nothing)
  })

  it('is taken back after a crash, by the next start', async () => {
    const { client } = containerd
    await client.leases.create({
      id: 'pouch-engine-1-load-left',
      labels: { 'pouch.engine': 'engine-1', 'pouch.image-work': 'load' },
    })
    await client.leases.create({ id: 'of-another', labels: { 'pouch.engine': 'engine-2', 'pouch.image-work': 'load' } })
    await client.content.write(streamOf(Buffer.from('left')), { ref: 'left' }, { lease: 'pouch-engine-1-load-left' })
    await new ImageManager({ containerd: client, engineId: 'engine-1' }).open()
    expect(await inventory(client)).toEqual({ ...nothing, leases: ['of-another'] })
    await client.leases.delete('of-another', { sync: true })
  })
})

const tarBlob = async (content: string) => blobOf(await tarOf([file('f', content)]))
const without = (entries: readonly TestEntry[], name: RegExp) => entries.filter((each) => !name.test(each.header.name))
const layerPath = (entries: readonly TestEntry[]) =>
  entries.find((each) => each.header.name.endsWith('layer.tar'))?.header.name ?? ''

async function noTar(): Promise<TestEntry[]> {
  const noise = blobOf(Buffer.from('noise'.repeat(500)))
  const config = jsonBlob({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [noise.digest] } })
  return dockerArchive({ config, layers: [noise] }, ['x'])
}
