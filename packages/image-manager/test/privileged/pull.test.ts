import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ImageManager, type Progress } from '../../src/index.js'
import { collectGarbage, inventory, nothing, startContainerd, type TestContainerd } from '../fixtures/containerd.js'
import { type Front, startFront } from '../fixtures/front.js'
import { imageOf, type TestImage } from '../fixtures/images.js'
import { type Pushed, pushImage, putManifest, startRegistry, type TestRegistry } from '../fixtures/registry.js'
import { file } from '../fixtures/tar.js'

let containerd: TestContainerd
let registry: TestRegistry
let front: Front
let images: ImageManager
let image: TestImage
let pushed: Pushed
const repository = 'team/app'

beforeAll(async () => {
  ;[containerd, registry] = await Promise.all([startContainerd(), startRegistry()])
  image = await imageOf([[file('a', randomBytes(900_000))], [file('b', randomBytes(2_000_000))], [file('c', 'small')]])
  pushed = await pushImage(registry.host, repository, 'v1', image)
})
beforeEach(async () => {
  front = await startFront(registry.host)
  images = new ImageManager({ containerd: containerd.client, engineId: 'engine-1', registries: { retryMs: 5 } })
})
afterEach(async () => {
  await front.stop()
  for (const each of await images.list()) await images.remove(each.id, { force: true })
  await collectGarbage(containerd.client)
  expect(await inventory(containerd.client)).toEqual(nothing)
})
afterAll(async () => {
  await registry?.stop()
  await containerd?.stop()
})

const blobsAsked = () => front.seen.filter((each) => each.url.includes('/blobs/'))
const isBlob = (url: string | undefined, digest: string | undefined) => url?.endsWith(`/blobs/${digest}`) === true

describe('pull', () => {
  it('pulls over http from the loopback address, in the words of Docker', async () => {
    const steps: Progress[] = []
    const pulled = await images.pull(`${registry.host}/${repository}:v1`, { onProgress: (step) => steps.push(step) })
    expect(pulled.id).toBe(image.config.digest)
    expect(pulled.references).toEqual([`${registry.host}/${repository}:v1`])
    expect(pulled.digests).toEqual([`${registry.host}/${repository}@${pushed.digest}`])
    const words = steps.map((each) => each.status)
    expect(steps[0]).toEqual({ id: 'v1', status: `Pulling from ${repository}` })
    const last = pushed.layers.at(-1)?.digest.slice(7, 19)
    expect(
      steps.filter((each) => each.id === last && each.status !== 'Downloading').map((each) => each.status),
    ).toEqual(['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Extracting', 'Pull complete'])
    expect(words.slice(-2)).toEqual([
      `Digest: ${pushed.digest}`,
      `Status: Downloaded newer image for ${registry.host}/${repository}:v1`,
    ])
    expect(await inventory(containerd.client)).toMatchObject({ leases: [], ingests: [] })
    await collectGarbage(containerd.client)
    expect((await inventory(containerd.client)).content).toHaveLength(5)
    expect((await inventory(containerd.client)).snapshots).toHaveLength(3)
  })
})
