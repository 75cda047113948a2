import * as fs from 'node:fs'
import { constants } from 'node:fs'
import { promisify } from 'node:util'
import { type ByteName, bytesOf, isAscii } from './byte-name.js'

/** Linux' flag for a descriptor that stands for a place and opens nothing; Node does not name it. */
const oPath = 0o10000000

export const openFlags = Object.freeze({
  /** Holds on to whatever is there, a symbolic link too, without opening it: a device does not notice. */
  place: oPath | constants.O_NOFOLLOW,
  directory: constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
  read: constants.O_RDONLY,
  noFollow: constants.O_NOFOLLOW,
  /** Fails when anything has that name. */
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
})

/**
 * Where a name of an open directory is. The kernel goes from the directory itself, wherever that is by now, so that nothing above it
 * is looked up again; the name is one part of a path, and a call that does not follow its last part follows nothing.
 */
export function placeOf(directory: number, name: ByteName): string | Buffer {
  const path = `/proc/self/fd/${directory}/${name}`
  return isAscii(name) ? path : bytesOf(path)
}

/** Another way to what a descriptor holds. */
export function sameAs(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`
}

export const open = promisify(fs.open) as (path: fs.PathLike, flags: number, mode?: number) => Promise<number>
const closeLater = promisify(fs.close)
const mkdirLater = promisify(fs.mkdir) as (path: fs.PathLike, mode: number) => Promise<void>
export const rmdir = promisify(fs.rmdir) as (path: fs.PathLike) => Promise<void>
export const unlink = promisify(fs.unlink)
const linkLater = promisify(fs.link)
const symlinkLater = promisify(fs.symlink) as (target: fs.PathLike, path: fs.PathLike) => Promise<void>
const chownLater = promisify(fs.chown)
const chmodLater = promisify(fs.chmod)
export const ftruncate = promisify(fs.ftruncate)

/** Makes a directory. `atOnce`: on this thread, where it is done when the call returns; as for all below that have it. */
export function makeDirectory(path: fs.PathLike, mode: number, atOnce: boolean): Promise<void> | void {
  if (!atOnce) return mkdirLater(path, mode)
  fs.mkdirSync(path, mode)
}

export function openDirectory(path: fs.PathLike, atOnce: boolean): number | Promise<number> {
  return atOnce ? fs.openSync(path, openFlags.directory) : open(path, openFlags.directory)
}

export function symlink(target: Buffer, path: fs.PathLike, atOnce: boolean): Promise<void> | void {
  return atOnce ? fs.symlinkSync(target, path) : symlinkLater(target, path)
}

export function link(existing: fs.PathLike, path: fs.PathLike, atOnce: boolean): Promise<void> | void {
  return atOnce ? fs.linkSync(existing, path) : linkLater(existing, path)
}

export function close(descriptor: number, atOnce: boolean): Promise<void> | void {
  return atOnce ? fs.closeSync(descriptor) : closeLater(descriptor)
}

/** Gives what a descriptor has other owners. `isOpen`: rather than that it only holds. */
export function chown(descriptor: number, uid: number, gid: number, isOpen: boolean, atOnce: boolean) {
  if (!atOnce) return chownLater(sameAs(descriptor), uid, gid)
  return isOpen ? fs.fchownSync(descriptor, uid, gid) : fs.chownSync(sameAs(descriptor), uid, gid)
}

/** Gives it other permissions. */
export function chmod(descriptor: number, mode: number, isOpen: boolean, atOnce: boolean) {
  if (!atOnce) return chmodLater(sameAs(descriptor), mode)
  return isOpen ? fs.fchmodSync(descriptor, mode) : fs.chmodSync(sameAs(descriptor), mode)
}

/**
 * Opens what a descriptor holds, for reading. `atOnce`: on a local file system nothing waits here, since the inode was read when its place was
 * opened, and handing the call to another thread would cost more than the call.
 */
export function reopen(place: number, flags: number, atOnce: boolean): number | Promise<number> {
  return atOnce ? fs.openSync(sameAs(place), flags) : open(sameAs(place), flags)
}

/** The target of a symbolic link. */
export function readlink(path: fs.PathLike, atOnce: boolean): ByteName | Promise<ByteName> {
  if (atOnce) return fs.readlinkSync(path, 'latin1')
  return new Promise((resolve, reject) => {
    fs.readlink(path, 'latin1', (error, target) => (error === null ? resolve(target) : reject(error)))
  })
}

/** Reads until the buffer is full or the file has ended. @returns how many bytes there were */
export async function readFully(descriptor: number, buffer: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < buffer.length) {
    const count = await readOnce(descriptor, buffer, filled, position + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

/** Writes all of it, from the start of a file. */
export function writeWhole(descriptor: number, buffer: Uint8Array, atOnce: boolean): Promise<void> | void {
  if (!atOnce) return writeFully(descriptor, buffer, 0)
  for (let written = 0; written < buffer.length; ) {
    written += fs.writeSync(descriptor, buffer, written, buffer.length - written, written)
  }
}

/** Writes all of it. */
export async function writeFully(descriptor: number, buffer: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < buffer.length) written += await writeOnce(descriptor, buffer, written, position + written)
}

function readOnce(descriptor: number, buffer: Buffer, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, buffer, offset, buffer.length - offset, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    )
  })
}

function writeOnce(descriptor: number, buffer: Uint8Array, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(descriptor, buffer, offset, buffer.length - offset, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    )
  })
}
