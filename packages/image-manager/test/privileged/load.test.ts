import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ImageManager } from '../../src/index.js'
import { collectGarbage, inventory, nothing, startContainerd, type TestContainerd } from '../fixtures/containerd.js'
import { dockerArchive, gzipped, smallImage } from '../fixtures/images.js'
import { streamOf, tarOf } from '../fixtures/tar.js'

let containerd: TestContainerd
let images: ImageManager

beforeAll(async () => {
  containerd = await startContainerd()
  images = new ImageManager({ containerd: containerd.client, engineId: 'engine-1' })
  await images.open()
})
afterEach(async () => {
  for (const each of await images.list()) await images.remove(each.id, { force: true })
  await collectGarbage(containerd.client)
})
afterAll(async () => containerd.stop())

describe('load', () => {
  it('loads what docker save writes', async () => {
    const made = await smallImage()
    const tar = await tarOf(await dockerArchive(made, ['busybox:1.36', 'localhost:5000/a/b:x']))
    const [loaded] = await images.load(streamOf(tar))
    expect(loaded?.references).toEqual(['busybox:1.36', 'localhost:5000/a/b:x'])
    const image = await images.get('busybox:1.36')
    expect(image.id).toBe(made.config.digest)
    expect(image.layers).toEqual(made.layers.map((each) => each.digest))
    expect(image.sizeBytes).toBeGreaterThan(300_000)
    expect(await inventory(containerd.client)).toMatchObject({ leases: [], ingests: [] })
  })
})
