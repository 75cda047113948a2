import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMountpoint, unmount } from '@pouch/mount'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  attachImage,
  createImage,
  detachLoop,
  filesystemUsage,
  findLoop,
  inspectImage,
  mountImage,
  mountsOfImage,
  unmountImage,
} from '../../src/index.js'

const mebibyte = 2 ** 20
let directory: string
let image: string
let target: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-loop-'))
  image = join(directory, 'image')
  target = join(directory, 'mnt')
  await mkdir(target)
})

afterEach(async () => {
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    while (await isMountpoint(path)) await unmount(path)
  }
  await rm(directory, { recursive: true })
})

describe('an image', () => {
  it.each([
    ['ext4', 4],
    ['ext4', 64],
    ['ext4', 700],
    ['ext4', 10_240],
    ['xfs', 512],
  ] as const)('of %s and %i MiB shows its size in df', async (filesystem, sizeMib) => {
    const sizeBytes = sizeMib * mebibyte
    const facts = await createImage(image, { sizeBytes, filesystem })
    expect(facts.filesystem).toBe(filesystem)
    expect(facts.allocatedBytes).toBeLessThan(Math.max(80 * mebibyte, sizeBytes / 10))
    await mountImage(image, target)
    const usage = await filesystemUsage(target)
    expect(usage.sizeBytes).toBe(facts.sizeBytes)
    expect(usage.sizeBytes / sizeBytes).toBeGreaterThanOrEqual(1)
    expect(usage.sizeBytes / sizeBytes).toBeLessThan(1.1)
    expect(await readdir(directory)).toEqual(['image', 'mnt'])
  })

  it('stops the writer at its size', async () => {
    await createImage(image, { sizeBytes: 16 * mebibyte })
    await mountImage(image, target)
    await writeFile(join(target, 'fits'), Buffer.alloc(12 * mebibyte))
    await expect(writeFile(join(target, 'more'), Buffer.alloc(8 * mebibyte))).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  it('holds as many files as it was made for', async () => {
    await createImage(image, { sizeBytes: 16 * mebibyte, inodes: 64 })
    await mountImage(image, target)
    const { inodes, usedInodes } = await filesystemUsage(target)
    for (let index = usedInodes; index < inodes; index += 1) await writeFile(join(target, `${index}`), '')
    await expect(writeFile(join(target, 'more'), '')).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(inodes).toBeGreaterThanOrEqual(64)
  })

  it('is not made over another file, and leaves nothing behind then', async () => {
    await writeFile(image, 'mine')
    await expect(createImage(image, { sizeBytes: 8 * mebibyte })).rejects.toMatchObject({
      code: 'already-exists',
      op: 'quota.createImage',
      subject: image,
    })
    expect(await readdir(directory)).toEqual(['image', 'mnt'])
  })

  it('leaves nothing behind when its making is aborted', async () => {
    const signal = AbortSignal.timeout(2)
    await expect(createImage(image, { sizeBytes: 10_240 * mebibyte, signal })).rejects.toMatchObject({
      code: 'timeout',
    })
    expect(await readdir(directory)).toEqual(['mnt'])
  })

  it.each([
    [{ sizeBytes: mebibyte }, 'invalid-argument'],
    [{ sizeBytes: 1.5 }, 'invalid-argument'],
    [{ sizeBytes: 100 * mebibyte, filesystem: 'xfs' as const }, 'invalid-argument'],
    [{ sizeBytes: 512 * mebibyte, filesystem: 'xfs' as const, inodes: 100 }, 'unsupported'],
    [{ sizeBytes: 8 * mebibyte, inodes: 1 }, 'invalid-argument'],
  ])('is refused as %o', async (request, code) => {
    await expect(createImage(image, request)).rejects.toMatchObject({ code })
    expect(await readdir(directory)).toEqual(['mnt'])
  })

  it('is told from a file that is none', async () => {
    await writeFile(image, Buffer.alloc(8192))
    await expect(inspectImage(image)).rejects.toMatchObject({ code: 'corrupt' })
    await expect(mountImage(image, target)).rejects.toMatchObject({ code: 'corrupt' })
    await expect(inspectImage(target)).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(inspectImage(join(directory, 'nothing'))).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a loop device', () => {
  beforeEach(async () => {
    await createImage(image, { sizeBytes: 8 * mebibyte })
  })

  it('is found by its image, and gone once released', async () => {
    expect(await findLoop(image)).toBeUndefined()
    const { device, release } = await attachImage(image)
    expect(await findLoop(image)).toEqual({ device, file: image })
    await release()
    expect(await findLoop(image)).toBeUndefined()
  })

  it('has one image once', async () => {
    const { release } = await attachImage(image)
    await expect(attachImage(image)).rejects.toMatchObject({ code: 'in-use', subject: image })
    await release()
    const again = await attachImage(image)
    await again.release()
  })

  it('goes with the unmount, and until then keeps the image from others', async () => {
    const { device } = await mountImage(image, target)
    expect(await findLoop(image)).toMatchObject({ device })
    await expect(attachImage(image)).rejects.toMatchObject({ code: 'in-use' })
    await unmountImage(target)
    await unmountImage(target)
    expect(await findLoop(image)).toBeUndefined()
  })

  it('is shared by the mounts of an image', async () => {
    const second = join(directory, 'second')
    await mkdir(second)
    const first = await mountImage(image, target)
    expect(await mountImage(image, target)).toEqual(first)
    expect(await mountImage(image, second)).toMatchObject({ device: first.device })
    await writeFile(join(target, 'file'), 'same')
    expect((await stat(join(second, 'file'))).size).toBe(4)
    expect((await mountsOfImage(image)).map(({ mountPoint }) => mountPoint)).toEqual([target, second])
  })

  it('can be taken by several at a time', async () => {
    const images = Array.from({ length: 6 }, (_, index) => join(directory, `image-${index}`))
    for (const file of images) await createImage(file, { sizeBytes: 4 * mebibyte })
    const attached = await Promise.all(images.map((file) => attachImage(file)))
    try {
      expect(new Set(attached.map(({ device }) => device)).size).toBe(images.length)
      for (const [index, file] of images.entries()) {
        expect(await findLoop(file)).toMatchObject({ device: attached[index]?.device })
      }
    } finally {
      for (const { release } of attached) await release()
    }
  })

  it('of a read-only image writes nothing', async () => {
    await mountImage(image, target, { readOnly: true })
    await expect(writeFile(join(target, 'file'), '')).rejects.toMatchObject({ code: 'EROFS' })
  })

  it('is let go when a mount fails', async () => {
    await expect(mountImage(image, join(directory, 'nothing'))).rejects.toMatchObject({ code: 'not-found' })
    expect(await findLoop(image)).toBeUndefined()
  })

  it('can be detached twice', async () => {
    const { device, release } = await attachImage(image)
    await detachLoop(device)
    await release()
    await detachLoop(device)
    await expect(detachLoop('/dev/null')).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
