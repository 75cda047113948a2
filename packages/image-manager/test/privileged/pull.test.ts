import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Progress } from '../../src/index.js'
import { collectGarbage, inventory } from '../fixtures/containerd.js'
import { pass } from '../fixtures/front.js'
import { imageOf, type TestImage } from '../fixtures/images.js'
import { repository, usePullBed } from '../fixtures/pull-bed.js'
import { type Pushed, pushImage, putManifest } from '../fixtures/registry.js'
import { file } from '../fixtures/tar.js'

const bed = usePullBed()

describe('pull', () => {
  it('pulls over http from the loopback address, in the words of Docker', async () => {
    const steps: Progress[] = []
    const pulled = await bed.images.pull(bed.name, { onProgress: (step) => steps.push(step) })
    expect(pulled.id).toBe(bed.image.config.digest)
    expect(pulled.references).toEqual([bed.name])
    expect(pulled.digests).toEqual([`${bed.front.host}/${repository}@${bed.pushed.digest}`])
    expect(steps[0]).toEqual({ id: 'v1', status: `Pulling from ${repository}` })
    const id = bed.layer(1).digest.slice(7, 19)
    const ofLayer = steps.filter((each) => each.id === id)
    expect([...new Set(ofLayer.map((each) => each.status))]).toEqual([
      'Pulling fs layer',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
    ])
    const counted = ofLayer.filter((each) => each.status === 'Downloading')
    expect(counted.every((each) => each.total === bed.layer(1).bytes.length)).toBe(true)
    expect(steps.slice(-2).map((each) => each.status)).toEqual([
      `Digest: ${bed.pushed.digest}`,
      `Status: Downloaded newer image for ${bed.name}`,
    ])
    await collectGarbage(bed.containerd.client)
    const left = await inventory(bed.containerd.client)
    expect(left).toMatchObject({ leases: [], ingests: [] })
    expect(left.content?.sort()).toEqual(
      [bed.pushed.digest, bed.image.config.digest, ...bed.pushed.layers.map((each) => each.digest)].sort(),
    )
    expect(left.snapshots).toHaveLength(3)
  })

  it('downloads nothing that is here', async () => {
    await bed.images.pull(bed.name)
    bed.front.seen.length = 0
    const steps: Progress[] = []
    await bed.images.pull(bed.name, { onProgress: (step) => steps.push(step) })
    expect(bed.front.seen.filter((each) => each.url.includes('/blobs/'))).toEqual([])
    expect(steps.filter((each) => each.status === 'Already exists')).toHaveLength(3)
    expect(steps.at(-1)?.status).toBe(`Status: Image is up to date for ${bed.name}`)
  })

  it('pulls a digest, which is kept under no tag', async () => {
    const pulled = await bed.images.pull(`${bed.front.host}/${repository}@${bed.pushed.digest}`)
    expect(pulled).toMatchObject({ references: [], digests: [`${bed.front.host}/${repository}@${bed.pushed.digest}`] })
    expect((await bed.images.get(`${bed.front.host}/${repository}:v9@${bed.pushed.digest}`)).id).toBe(
      bed.image.config.digest,
    )
  })

  it('keeps the image of a tag that moved, under its digest', async () => {
    await bed.images.pull(bed.name)
    const next = await imageOf([[file('next', 'next')]])
    await pushImage(bed.registry.host, 'team/moving', 'v1', bed.image)
    const moving = `${bed.front.host}/team/moving:v1`
    const before = await bed.images.pull(moving)
    await pushImage(bed.registry.host, 'team/moving', 'v1', next)
    const after = await bed.images.pull(moving)
    expect(after.id).toBe(next.config.digest)
    expect((await bed.images.get(before.id)).digests).toContain(`${bed.front.host}/team/moving@${bed.pushed.digest}`)
  })

  it('tells its listeners once the image is there', async () => {
    const told: string[] = []
    bed.images.events.on('image.pulled', (pulled, reference) => told.push(`${pulled.id} ${reference}`))
    await bed.images.pull(bed.name)
    expect(told).toEqual([`${bed.image.config.digest} ${bed.name}`])
  })
})

describe('a list of manifests', () => {
  let arm: TestImage
  const multi = () => `${bed.front.host}/team/multi:1`
  let listDigest: string

  beforeAll(async () => {
    arm = await imageOf([[file('arm', 'arm')]], { architecture: 'arm', variant: 'v7' })
    const one = await pushImage(bed.registry.host, 'team/multi', 'amd', bed.image)
    const two = await pushImage(bed.registry.host, 'team/multi', 'arm', arm)
    const entry = (which: Pushed, platform: object) => ({
      mediaType: which.mediaType,
      digest: which.digest,
      size: which.size,
      platform,
    })
    const type = 'application/vnd.docker.distribution.manifest.list.v2+json'
    const manifests = [
      entry(two, { os: 'linux', architecture: 'arm', variant: 'v7' }),
      entry(one, { os: 'linux', architecture: 'amd64' }),
    ]
    listDigest = (
      await putManifest(bed.registry.host, 'team/multi', '1', { schemaVersion: 2, mediaType: type, manifests }, type)
    ).digest
  })

  it('gives the manifest of the platform that is asked for', async () => {
    expect((await bed.images.pull(multi(), { platform: 'linux/amd64' })).id).toBe(bed.image.config.digest)
    const other = await bed.images.pull(multi(), { platform: 'linux/arm/v7' })
    expect(other).toMatchObject({ id: arm.config.digest, architecture: 'arm', variant: 'v7', references: [multi()] })
    expect(other.digests).toEqual([`${bed.front.host}/team/multi@${listDigest}`])
    await collectGarbage(bed.containerd.client)
    // Both are whole: the one that lost its name too.
    for (const id of [bed.image.config.digest, arm.config.digest])
      expect(await bed.images.unpack(id)).toMatch(/^sha256:/)
    expect((await inventory(bed.containerd.client)).content).toContain(bed.layer(0).digest)
  })

  it('refuses a platform that it lacks', async () => {
    await expect(bed.images.pull(multi(), { platform: 'linux/s390x' })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('no matching manifest for linux/s390x in the manifest list entries'),
    })
    await expect(bed.images.pull(bed.name, { platform: 'linux/arm64' })).rejects.toMatchObject({
      code: 'not-found',
      message: `image with reference ${bed.name} was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64`,
    })
    await expect(bed.images.pull(bed.name, { platform: 'a/b/c/d' })).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

it('downloads a layer once for pulls that want it at the same time', async () => {
  const [one, two] = await Promise.all([bed.images.pull(bed.name), bed.images.pull(bed.name)])
  expect(one.id).toBe(two.id)
  for (const each of bed.pushed.layers) expect(bed.requestsOf(each)).toHaveLength(1)
})

it('downloads three layers at a time, over all pulls', async () => {
  const wide = async (letter: string) =>
    imageOf(Array.from({ length: 4 }, (_, index) => [file(`${letter}${index}`, randomBytes(1000))]))
  await pushImage(bed.registry.host, 'team/wide', 'a', await wide('a'))
  await pushImage(bed.registry.host, 'team/wide', 'b', await wide('b'))
  let open = 0
  let most = 0
  bed.front.behave((asked, answer) => {
    if (asked.url?.includes('/blobs/') !== true) return false
    open += 1
    most = Math.max(most, open)
    answer.on('close', () => {
      open -= 1
    })
    setTimeout(() => pass(bed.registry.host, asked, answer), 50)
    return true
  })
  await Promise.all(['a', 'b'].map((tag) => bed.images.pull(`${bed.front.host}/team/wide:${tag}`)))
  expect(most).toBe(3)
})
