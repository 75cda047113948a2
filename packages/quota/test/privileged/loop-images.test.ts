import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '@pouch/libc'
import { isMountpoint, mkfifo, unmount } from '@pouch/mount'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  attachImage,
  createImage,
  detachLoop,
  filesystemUsage,
  findLoop,
  growImage,
  inspectImage,
  Kernel,
  mountImage,
  mountsOfImage,
  shrinkImage,
  unmountImage,
} from '../../src/index.js'

const mebibyte = 2 ** 20
const workspace = join(import.meta.dirname, '../../../..')
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
    // A file of which a little less makes one group fewer, and with it as much room.
    ['ext4', 40],
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

  it.each([
    [64, 100],
    [40, 16],
    [16, 2000],
    [700, 5000],
  ])('of %i MiB for %i files has room for as many, and the directory that mkfs makes', async (sizeMib, inodes) => {
    const facts = await createImage(image, { sizeBytes: sizeMib * mebibyte, inodes })
    expect(facts.inodes - facts.usedInodes).toBeGreaterThanOrEqual(inodes)
    expect(facts.inodes - facts.usedInodes).toBeLessThan(inodes * 1.5 + 150)
    expect(facts.sizeBytes / (sizeMib * mebibyte)).toBeGreaterThanOrEqual(1)
    await mountImage(image, target)
    expect(await filesystemUsage(target)).toMatchObject({ inodes: facts.inodes, usedInodes: facts.usedInodes })
  })

  it.each([300, 2000])('of xfs and %i MiB is used as much at rest as while it is mounted', async (sizeMib) => {
    await createImage(image, { sizeBytes: sizeMib * mebibyte, filesystem: 'xfs' })
    await mountImage(image, target)
    await writeFile(join(target, 'file'), Buffer.alloc(10 * mebibyte, 1), { flush: true })
    for (let index = 0; index < 30; index += 1) await writeFile(join(target, `${index}`), 'x', { flush: true })
    const { usedBytes } = await filesystemUsage(target)
    await unmountImage(target)
    expect(Math.abs((await inspectImage(image)).usedBytes - usedBytes)).toBeLessThan(mebibyte)
  })

  it('that is too small is told what it takes', async () => {
    const request = { sizeBytes: 64 * mebibyte, filesystem: 'xfs' as const }
    await expect(createImage(image, request)).rejects.toMatchObject({
      message: expect.stringMatching(/: 64MiB is not a size for xfs; it takes at least 236MiB/),
      details: { leastBytes: 236 * mebibyte },
    })
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
    [{ sizeBytes: 8 * mebibyte, inodes: 2 ** 31 }, 'invalid-argument'],
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

  it('is let go of while somebody looks for the device of another image', async () => {
    const other = join(directory, 'other')
    await createImage(other, { sizeBytes: 8 * mebibyte })
    await mountImage(image, target)
    let wasAsked = false
    let goOn: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      goOn = resolve
    })
    class SlowKernel extends Kernel {
      override async ioctl(fd: number, request: number, argument: Uint8Array | number): Promise<Outcome> {
        wasAsked = true
        await gate
        return await super.ioctl(fd, request, argument)
      }
    }
    const looking = findLoop(other, { kernel: new SlowKernel() })
    try {
      await Promise.race([looking, delay(300)])
      await unmountImage(target)
      expect(await findLoop(image)).toBeUndefined()
    } finally {
      goOn()
    }
    expect(await looking).toBeUndefined()
    expect(wasAsked).toBe(false)
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

  it('that others take first is not waited for: the next one is taken', async () => {
    const lost: number[] = []
    class ContestedKernel extends Kernel {
      override async ioctl(fd: number, request: number, argument: Uint8Array | number): Promise<Outcome> {
        const isConfigure = request === 0x4c0a
        if (!isConfigure || lost.length === 3) return await super.ioctl(fd, request, argument)
        lost.push(fd)
        return { value: -1, errno: 'EBUSY' }
      }
    }
    const { device, release } = await attachImage(image, { kernel: new ContestedKernel() })
    expect(lost.length).toBe(3)
    expect(await findLoop(image)).toMatchObject({ device })
    await release()
  })

  it.each(['ext4', 'xfs'] as const)('of a copy of an %s is mounted beside that of the original', async (filesystem) => {
    const [original, copy] = [join(directory, 'original'), join(directory, 'copy')]
    await createImage(original, { sizeBytes: 300 * mebibyte, filesystem })
    await copyFile(original, copy)
    await mkdir(join(directory, 'second'))
    const first = await mountImage(original, target)
    const second = await mountImage(copy, join(directory, 'second'))
    expect(first.device).not.toBe(second.device)
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

describe('a resize', () => {
  it.each([
    ['ext4', 16, 80],
    ['ext4', 700, 2000],
    ['xfs', 300, 500],
  ] as const)('of an %s that is not mounted takes it from %i to %i MiB', async (filesystem, from, to) => {
    await createImage(image, { sizeBytes: from * mebibyte, filesystem })
    await mountImage(image, target)
    await writeFile(join(target, 'file'), 'kept')
    await unmountImage(target)
    const facts = await growImage(image, { sizeBytes: to * mebibyte })
    expect(await growImage(image, { sizeBytes: to * mebibyte })).toEqual(facts)
    expect(await findLoop(image)).toBeUndefined()
    await mountImage(image, target)
    const { sizeBytes } = await filesystemUsage(target)
    expect(facts.sizeBytes).toBe(sizeBytes)
    expect(sizeBytes / (to * mebibyte)).toBeGreaterThanOrEqual(1)
    expect(sizeBytes / (to * mebibyte)).toBeLessThan(1.1)
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('kept')
  })

  it('makes an ext4 smaller, and keeps what is in it and its owner', async () => {
    await createImage(image, { sizeBytes: 200 * mebibyte })
    await chown(image, 7, 8)
    const content = randomBytes(20 * mebibyte)
    await mountImage(image, target)
    await writeFile(join(target, 'file'), content)
    await expect(shrinkImage(image, { sizeBytes: 50 * mebibyte })).rejects.toMatchObject({ code: 'in-use' })
    await unmountImage(target)
    const { fileBytes } = await inspectImage(image)
    const smaller = await shrinkImage(image, { sizeBytes: 50 * mebibyte })
    expect(await shrinkImage(image, { sizeBytes: 50 * mebibyte })).toEqual(smaller)
    expect(smaller.fileBytes).toBeLessThan(fileBytes / 2)
    await mountImage(image, target)
    const { sizeBytes } = await filesystemUsage(target)
    expect(sizeBytes / (50 * mebibyte)).toBeGreaterThanOrEqual(1)
    expect(sizeBytes / (50 * mebibyte)).toBeLessThan(1.1)
    expect((await readFile(join(target, 'file'))).equals(content)).toBe(true)
    expect(await stat(image)).toMatchObject({ uid: 7, gid: 8, mode: 0o100600 })
    expect(await readdir(directory)).toEqual(['image', 'mnt'])
  })

  it('never goes below what is in it', async () => {
    await createImage(image, { sizeBytes: 100 * mebibyte })
    await mountImage(image, target)
    await writeFile(join(target, 'file'), Buffer.alloc(60 * mebibyte, 1))
    await unmountImage(target)
    const before = await inspectImage(image)
    for (const sizeMib of [20, 59, 61]) {
      await expect(shrinkImage(image, { sizeBytes: sizeMib * mebibyte })).rejects.toMatchObject({
        code: 'conflict',
        subject: image,
      })
    }
    expect(await inspectImage(image)).toMatchObject({ sizeBytes: before.sizeBytes, fileBytes: before.fileBytes })
    expect(await readdir(directory)).toEqual(['image', 'mnt'])
    await mountImage(image, target)
    expect((await stat(join(target, 'file'))).size).toBe(60 * mebibyte)
  })

  it('tells the least size where it cannot shrink, and shrinks to that', async () => {
    await createImage(image, { sizeBytes: 200 * mebibyte })
    await mountImage(image, target)
    await writeFile(join(target, 'file'), randomBytes(31 * mebibyte))
    await unmountImage(target)
    const refused: unknown = await shrinkImage(image, { sizeBytes: 33 * mebibyte }).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/ to 33MiB: .* at least \d+MiB/),
      details: { sizeBytes: 33 * mebibyte },
    })
    const { leastBytes } = (refused as { details: { leastBytes: number } }).details
    expect(leastBytes % mebibyte).toBe(0)
    expect(leastBytes).toBeGreaterThan(33 * mebibyte)
    expect(leastBytes).toBeLessThan(80 * mebibyte)
    const { sizeBytes } = await shrinkImage(image, { sizeBytes: leastBytes })
    expect(sizeBytes).toBeGreaterThanOrEqual(leastBytes)
    expect(sizeBytes).toBeLessThan(leastBytes + 2 * mebibyte)
  })

  it('goes on where a crash cut a growth short', async () => {
    await createImage(image, { sizeBytes: 16 * mebibyte })
    await truncate(image, 300 * mebibyte)
    const { sizeBytes } = await growImage(image, { sizeBytes: 64 * mebibyte })
    expect(sizeBytes / (64 * mebibyte)).toBeGreaterThanOrEqual(1)
    expect(sizeBytes / (64 * mebibyte)).toBeLessThan(1.1)
  })

  it('does not touch what it cannot mend, and xfs does not shrink', async () => {
    await createImage(image, { sizeBytes: 16 * mebibyte })
    const file = await open(image, 'r+')
    // The group descriptors, and the copies of them.
    await file.write(randomBytes(4096), 0, 4096, 2048)
    for (const group of [1, 3, 5, 7]) await file.write(Buffer.alloc(2048), 0, 2048, group * 8 * mebibyte + 1024)
    await file.close()
    await expect(growImage(image, { sizeBytes: 64 * mebibyte })).rejects.toMatchObject({
      code: 'corrupt',
      subject: image,
    })
    const other = join(directory, 'xfs')
    await createImage(other, { sizeBytes: 300 * mebibyte, filesystem: 'xfs' })
    await expect(shrinkImage(other, { sizeBytes: 250 * mebibyte })).rejects.toMatchObject({ code: 'unsupported' })
  })

  it.each([0, -1, 1.5, 2 ** 45])('to %d bytes is refused', async (sizeBytes) => {
    await createImage(image, { sizeBytes: 8 * mebibyte })
    await expect(growImage(image, { sizeBytes })).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(shrinkImage(image, { sizeBytes })).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('an image that a process worked on when it was killed', () => {
  const quota = join(workspace, 'packages/quota/src/index.ts')
  const diskProgram = join(workspace, 'packages/quota/src/disk-program.ts')

  it('is mounted or not when the process has ended, and stays so', { timeout: 180_000 }, async () => {
    await createImage(image, { sizeBytes: 8 * mebibyte })
    const script = await bundled(
      `import { mountImage, unmountImage } from ${JSON.stringify(quota)}
       for (let round = 0; ; round += 1) {
         await mountImage(process.argv[2], process.argv[3])
         await unmountImage(process.argv[3])
         if (round === 0) console.log('begun')
       }`,
    )
    for (let kill = 0; kill < 8; kill += 1) {
      const victim = spawn(process.execPath, [script, image, target], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(victim.stdout, 'data')
      await delay(kill * 4)
      victim.kill('SIGKILL')
      await once(victim, 'exit')
      const wasMounted = await isMountpoint(target)
      await delay(120)
      expect(await isMountpoint(target), `kill ${kill + 1}`).toBe(wasMounted)
      // What is not mounted has no device, as soon as the kernel has let it go.
      const hasItsDevice = async () =>
        expect((await findLoop(image)) !== undefined, `kill ${kill + 1}`).toBe(wasMounted)
      await vi.waitFor(hasItsDevice, { timeout: 20_000 })
      await unmountImage(target)
    }
  })

  it('is nobody else’s while a program works on it that the process had started', async () => {
    await createImage(image, { sizeBytes: 8 * mebibyte })
    const pipe = join(directory, 'pipe')
    await mkfifo(pipe)
    const script = await bundled(
      `import { ChildProcess } from 'node:child_process'
       import { open } from 'node:fs/promises'
       import { Kernel } from ${JSON.stringify(quota)}
       import { runDiskProgram } from ${JSON.stringify(diskProgram)}
       const { spawn } = ChildProcess.prototype
       ChildProcess.prototype.spawn = function (options) {
         const failure = spawn.call(this, options)
         console.log(this.pid)
         return failure
       }
       const locked = await open(process.argv[2], 'r+')
       await new Kernel().tryLock(locked.fd)
       const step = { op: 'test', what: 'wait', subject: 'test' }
       await runDiskProgram({ program: 'e2image', args: ['-ra', process.argv[3], '/dev/null'], locked }, step)`,
    )
    const victim = spawn(process.execPath, [script, image, pipe], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [pid] = await once(victim.stdout, 'data')
    // It waits for the pipe; stopped, it does not notice either that nobody reads what it says.
    process.kill(Number(pid), 'SIGSTOP')
    try {
      victim.kill('SIGKILL')
      await once(victim, 'exit')
      await expect(attachImage(image)).rejects.toMatchObject({ code: 'in-use' })
    } finally {
      process.kill(Number(pid), 'SIGKILL')
    }
    await (await vi.waitFor(() => attachImage(image), { timeout: 20_000 })).release()
  })

  async function bundled(contents: string): Promise<string> {
    const tsup = createRequire(join(workspace, 'package.json')).resolve('tsup/package.json')
    const { build } = createRequire(tsup)('esbuild') as { build: (options: object) => Promise<unknown> }
    await mkdir(join(directory, 'node_modules'))
    await symlink(join(workspace, 'packages/libc/node_modules/koffi'), join(directory, 'node_modules/koffi'))
    await build({
      stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
      outfile: join(directory, 'victim.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      tsconfig: join(workspace, 'tsconfig.paths.json'),
      external: ['koffi'],
      logLevel: 'warning',
    })
    return join(directory, 'victim.mjs')
  }
})
