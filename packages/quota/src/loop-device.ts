import { constants } from 'node:fs'
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { hasErrno, PouchError } from '@pouch/errors'
import { type Kernel, type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withOpen } from './open-path.js'
import { type Step, stepError, succeed, thrownError } from './step-error.js'

const control = '/dev/loop-control'
const getFree = 0x4c82
const configure = 0x4c0a
const clear = 0x4c01
const getStatus = 0x4c05
const autoClear = 4
const readOnlyFlag = 1
const directIo = 16
const configBytes = 304
const sectorBytesAt = 4
/** What is in an image counts in these, whatever the disk below it does: direct I/O gives way where they do not fit. */
const sectorBytes = 512
const infoAt = 8
const flagsAt = infoAt + 52
const nameAt = infoAt + 56
const nameBytes = 63
const statusBytes = 232
const attempts = 64
const lockWaitMs = 1000
const lockRetryMs = 10

/** How an image is attached. */
export interface AttachOptions extends QuotaCall {
  /** Nothing is written to the image. */
  readonly readOnly?: boolean | undefined
}

/** A loop device that shows an image as a disk. */
export interface LoopAttachment {
  /** `/dev/loop7`. */
  readonly device: string
  /**
   * Lets go of the device. It is detached once nothing uses it: at once, or with the unmount of what was mounted meanwhile. A process
   * that ends has let go of its devices.
   */
  release(): Promise<void>
}

/** A loop device and the image behind it. */
export interface LoopDevice {
  readonly device: string
  readonly file: string
}

/**
 * Attaches an image to a free loop device, for direct I/O where the filesystem below can do it. An image is attached once at a
 * time, by whatever process: two filesystems on one image would destroy it.
 *
 * @param file absolute; a symbolic link is refused
 * @throws PouchError `in-use` when the image is attached or being worked on, `not-found`, `permission-denied`, `unsupported`
 *   where there are no loop devices
 */
export async function attachImage(
  file: string,
  { kernel = systemKernel, readOnly = false }: AttachOptions = {},
): Promise<LoopAttachment> {
  const image = absolutePath(file, 'quota.attachImage')
  const step = loopStep('quota.attachImage', image, `attach ${image} to a loop device`)
  return await withImage(image, step, { readOnly }, async (handle) => {
    await lockImage(kernel, handle, step)
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const attachment = await tryAttach(kernel, handle, image, readOnly, step)
      if (attachment !== undefined) return attachment
    }
    const message = `cannot ${step.what}: others took each of ${attempts} free devices first; try again`
    throw new PouchError('unavailable', message, { op: step.op, subject: step.subject })
  })
}

/** The loop device that an image is attached to; `undefined` when it is not. */
export async function findLoop(
  file: string,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<LoopDevice | undefined> {
  const image = absolutePath(file, 'quota.findLoop')
  const step = loopStep('quota.findLoop', image, `look for the loop device of ${image}`)
  const wanted = await stat(image, { bigint: true }).catch((error: unknown) => {
    throw thrownError(error, step)
  })
  for (const name of await boundDevices(step)) {
    const device = `/dev/${name}`
    const backing = (await seenBacking(name)) ?? (await readBacking(kernel, device, step))
    if (backing?.device === wanted.dev && backing.inode === wanted.ino) return { device, file: image }
  }
  return undefined
}

/** Detaches a loop device, or has the kernel do so when its last user ends. One that is free already is a success. */
export async function detachLoop(device: string, { kernel = systemKernel }: QuotaCall = {}): Promise<void> {
  const path = absolutePath(device, 'quota.detachLoop')
  const step = loopStep('quota.detachLoop', path, `detach ${path}`)
  if (!/^\/dev\/loop\d+$/.test(path)) {
    throw new PouchError(
      'invalid-argument',
      `'${device}' is not a loop device; they are called /dev/loop0 and so on`,
      step,
    )
  }
  await withOpen(path, constants.O_RDONLY, step, async (handle) => {
    const outcome = await kernel.ioctl(handle.fd, clear, 0)
    if (outcome.errno !== 'ENXIO') succeed(outcome, step)
  })
}

/** Opens an image for work that nobody may do at the same time; see {@link lockImage}. */
export async function withImage<T>(
  file: string,
  step: Step,
  { readOnly = false }: { readonly readOnly?: boolean },
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const mode = readOnly ? constants.O_RDONLY : constants.O_RDWR
  return await withOpen(file, mode | constants.O_NOFOLLOW | constants.O_NONBLOCK, step, async (handle) => {
    if ((await handle.stat()).isFile()) return await use(handle)
    const message = `cannot ${step.what}: ${file} is not a regular file`
    throw new PouchError('invalid-argument', message, { op: step.op, subject: step.subject })
  })
}

/**
 * Takes the image for this open file, for the loop device that gets it, and for a program that works on it: the lock ends when the last of them
 * is closed. Some hold it for a moment more: a program that is being started has all that is open, until it runs; one that a killed
 * process has left ends by itself. So it is tried for a while.
 */
export async function lockImage(kernel: Kernel, handle: FileHandle, step: Step): Promise<void> {
  const until = performance.now() + lockWaitMs
  for (;;) {
    const { errno } = await kernel.tryLock(handle.fd)
    if (errno === undefined) return
    if (errno !== 'EAGAIN') throw stepError(errno, step)
    if (performance.now() >= until) break
    await delay(lockRetryMs)
  }
  const message = `cannot ${step.what}: it is attached to a loop device, or another call is at work on it; unmount it or wait`
  throw new PouchError('in-use', message, { op: step.op, subject: step.subject })
}

/** What failed on a loop device. */
export function loopStep(op: string, subject: string, what: string): Step {
  return {
    op,
    what,
    subject,
    reasons: {
      ENODEV: 'this kernel has no loop devices; load the module loop',
      ENOTTY: 'this kernel is too old for it; Linux 5.8 and newer attach an image in one step',
    },
  }
}

/** @returns `undefined` when another process took the device in between */
async function tryAttach(
  kernel: Kernel,
  image: FileHandle,
  file: string,
  readOnly: boolean,
  step: Step,
): Promise<LoopAttachment | undefined> {
  const number = await withOpen(control, constants.O_RDWR, noLoops(step), async (handle) =>
    succeed(await kernel.ioctl(handle.fd, getFree, 0), step),
  )
  const device = `/dev/loop${number}`
  const handle = await open(device, readOnly ? constants.O_RDONLY : constants.O_RDWR).catch((error: unknown) => {
    throw thrownError(error, noLoops(step))
  })
  try {
    const flags = autoClear | (readOnly ? readOnlyFlag : 0)
    let outcome = await kernel.ioctl(handle.fd, configure, configuration(image.fd, file, flags | directIo))
    if (outcome.errno === 'EINVAL') {
      outcome = await kernel.ioctl(handle.fd, configure, configuration(image.fd, file, flags))
    }
    if (outcome.errno === 'EBUSY') {
      await handle.close()
      return undefined
    }
    succeed(outcome, step)
  } catch (error) {
    await handle.close()
    throw error
  }
  return { device, release: () => handle.close() }
}

function configuration(fd: number, file: string, flags: number): Buffer {
  const config = Buffer.alloc(configBytes)
  config.writeUInt32LE(fd, 0)
  config.writeUInt32LE(sectorBytes, sectorBytesAt)
  config.writeUInt32LE(flags, flagsAt)
  config.write(file, nameAt, nameBytes, 'utf8')
  return config
}

function noLoops(step: Step): Step {
  const reason =
    'there are no loop devices here; load the module loop, and in a container pass on /dev/loop-control and /dev/loop*'
  return { ...step, reasons: { ...step.reasons, ENOENT: reason }, codes: { ENOENT: 'unsupported' } }
}

async function boundDevices(step: Step): Promise<string[]> {
  const names = await readdir('/sys/block').catch((error: unknown) => {
    throw thrownError(error, step)
  })
  const bound: string[] = []
  for (const name of names.filter((each) => /^loop\d+$/.test(each))) {
    try {
      await stat(`/sys/block/${name}/loop`)
      bound.push(name)
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw thrownError(error, step)
    }
  }
  return bound
}

/**
 * The same from sysfs, without the device: whoever has it open keeps the kernel from letting go of it, and the image from being attached again.
 * `undefined` where the file is not seen under its name, as one of another mount namespace.
 */
async function seenBacking(name: string): Promise<{ device: bigint; inode: bigint } | undefined> {
  try {
    const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8')
    const { dev, ino } = await stat(file.replace(/\n$/, ''), { bigint: true })
    return { device: dev, inode: ino }
  } catch {
    // Whatever it is, asking the device tells more.
    return undefined
  }
}

/** The image of a device, by the numbers of its filesystem and its inode; `undefined` when it was detached meanwhile. */
async function readBacking(
  kernel: Kernel,
  device: string,
  step: Step,
): Promise<{ device: bigint; inode: bigint } | undefined> {
  try {
    return await withOpen(device, constants.O_RDONLY, step, async (handle) => {
      const status = Buffer.alloc(statusBytes)
      const outcome = await kernel.ioctl(handle.fd, getStatus, status)
      if (outcome.errno === 'ENXIO') return undefined
      succeed(outcome, step)
      return { device: status.readBigUInt64LE(0), inode: status.readBigUInt64LE(8) }
    })
  } catch (error) {
    // Its node may be missing here, or it went away.
    if (hasErrno(error, 'ENOENT', 'ENXIO')) return undefined
    throw error
  }
}
