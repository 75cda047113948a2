import type { FileHandle } from 'node:fs/promises'
import { statfs } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import { type Kernel, type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withDirectory } from './open-path.js'
import { type Step, succeed } from './step-error.js'

const createRequest = 0x50009418
const snapshotRequest = 0x50009417
const getFlags = 0x80089419
const setFlags = 0x4008941a
const lookUpInode = 0xd0009412
const argumentBytes = 4096
const flagsAt = 16
const nameAt = 56
const readOnlyFlag = 2n
const firstFreeInode = 256
const btrfsMagic = 0x9123683e
const nameLimitBytes = 255

const notBtrfs = 'subvolumes are made on btrfs alone; see inspectFilesystem for what is there'
/** What btrfs's answers mean, for the errors of its calls. */
export const btrfsReasons = { ENOTTY: notBtrfs, ENXIO: 'it is on another filesystem' } as const

/** The directory that holds a subvolume, and the subvolume's name in it. */
export interface SubvolumePlace {
  readonly path: string
  readonly parent: string
  readonly name: string
}

/**
 * Makes an empty subvolume; its parent exists.
 *
 * @param path absolute
 * @throws PouchError `already-exists`, `not-found`, `unsupported` on another filesystem than btrfs
 */
export async function createSubvolume(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<void> {
  const place = subvolumePlace(path, 'quota.createSubvolume')
  const step = btrfsStep('quota.createSubvolume', place.path, `make the subvolume ${place.path}`)
  await withDirectory(place.parent, step, async (parent) => {
    succeed(await kernel.ioctl(parent.fd, createRequest, namedArgument(place.name)), step)
  })
}

/**
 * Makes a subvolume with what another one holds now. What was written before the call is in it.
 *
 * @param options.readOnly nobody writes to the new one
 * @throws PouchError `already-exists`, `not-found`, `invalid-argument` when the source is no subvolume or on another filesystem
 */
export async function snapshotSubvolume(
  source: string,
  target: string,
  { kernel = systemKernel, readOnly = false }: QuotaCall & { readonly readOnly?: boolean | undefined } = {},
): Promise<void> {
  const place = subvolumePlace(target, 'quota.snapshotSubvolume')
  const from = absolutePath(source, 'quota.snapshotSubvolume')
  const step = btrfsStep('quota.snapshotSubvolume', place.path, `make ${place.path} a snapshot of ${from}`)
  await withSubvolume(from, step, async (origin) => {
    await withDirectory(place.parent, step, async (parent) => {
      const argument = namedArgument(place.name)
      argument.writeBigInt64LE(BigInt(origin.fd), 0)
      argument.writeBigUInt64LE(readOnly ? readOnlyFlag : 0n, flagsAt)
      succeed(await kernel.ioctl(parent.fd, snapshotRequest, argument), step)
    })
  })
}

/** Whether a path is the top of a subvolume. A path that does not exist, or is a symbolic link, is none. */
export async function isSubvolume(path: string): Promise<boolean> {
  const absolute = absolutePath(path, 'quota.isSubvolume')
  const step = btrfsStep('quota.isSubvolume', absolute, `look at ${absolute}`)
  try {
    return await withDirectory(absolute, step, isTopOfSubvolume)
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false
    throw error
  }
}

/** The number of the subvolume that a directory lies in. @throws PouchError `unsupported` on another filesystem than btrfs */
export async function subvolumeId(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<bigint> {
  const absolute = absolutePath(path, 'quota.subvolumeId')
  const step = btrfsStep('quota.subvolumeId', absolute, `read the number of the subvolume ${absolute}`)
  return await withDirectory(absolute, step, (handle) => readSubvolumeId(kernel, handle, step))
}

/** Allows or forbids writing to a subvolume. Repeating it changes nothing. */
export async function setSubvolumeReadOnly(
  path: string,
  readOnly: boolean,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<void> {
  const absolute = absolutePath(path, 'quota.setSubvolumeReadOnly')
  const what = `make the subvolume ${absolute} ${readOnly ? 'read-only' : 'writable'}`
  const step = btrfsStep('quota.setSubvolumeReadOnly', absolute, what)
  await withSubvolume(absolute, step, async (handle) => {
    const flags = Buffer.alloc(8)
    succeed(await kernel.ioctl(handle.fd, getFlags, flags), step)
    const before = flags.readBigUInt64LE(0)
    const wanted = readOnly ? before | readOnlyFlag : before & ~readOnlyFlag
    if (wanted === before) return
    flags.writeBigUInt64LE(wanted, 0)
    succeed(await kernel.ioctl(handle.fd, setFlags, flags), step)
  })
}

/** Opens the top of a subvolume. @throws PouchError `invalid-argument` when the path is another directory */
export async function withSubvolume<T>(path: string, step: Step, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  return await withDirectory(path, step, async (handle) => {
    if (await isTopOfSubvolume(handle)) return await use(handle)
    const message = `cannot ${step.what}: ${path} is not the top of a btrfs subvolume`
    throw new PouchError('invalid-argument', message, { op: step.op, subject: step.subject })
  })
}

/** The number of the subvolume that an open directory lies in. */
export async function readSubvolumeId(kernel: Kernel, handle: FileHandle, step: Step): Promise<bigint> {
  const argument = Buffer.alloc(argumentBytes)
  argument.writeBigUInt64LE(BigInt(firstFreeInode), 8)
  succeed(await kernel.ioctl(handle.fd, lookUpInode, argument), step)
  return argument.readBigUInt64LE(0)
}

/** @throws PouchError `invalid-argument` on a path that no subvolume can have */
export function subvolumePlace(path: string, op: string): SubvolumePlace {
  const absolute = absolutePath(path, op)
  const name = basename(absolute)
  if (name !== '' && Buffer.byteLength(name) <= nameLimitBytes)
    return { path: absolute, parent: dirname(absolute), name }
  const message = `'${name}' cannot be the name of a subvolume; it takes 1 to ${nameLimitBytes} bytes`
  throw new PouchError('invalid-argument', message, { op, subject: absolute })
}

/** What failed on btrfs. */
export function btrfsStep(op: string, subject: string, what: string): Step {
  return { op, what, subject, reasons: btrfsReasons }
}

function namedArgument(name: string): Buffer {
  const argument = Buffer.alloc(argumentBytes)
  argument.write(name, nameAt, 'utf8')
  return argument
}

async function isTopOfSubvolume(handle: FileHandle): Promise<boolean> {
  const { ino } = await handle.stat()
  if (ino !== firstFreeInode) return false
  return (await statfs(`/proc/self/fd/${handle.fd}`)).type === btrfsMagic
}
