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
export const close = promisify(fs.close)
export const mkdir = promisify(fs.mkdir) as (path: fs.PathLike, mode: number) => Promise<void>
export const rmdir = promisify(fs.rmdir) as (path: fs.PathLike) => Promise<void>
export const unlink = promisify(fs.unlink)
export const link = promisify(fs.link)
export const symlink = promisify(fs.symlink) as (target: fs.PathLike, path: fs.PathLike) => Promise<void>
export const chown = promisify(fs.chown)
export const chmod = promisify(fs.chmod)
export const ftruncate = promisify(fs.ftruncate)

/**
 * Opens what a descriptor holds, for reading. `atOnce`: on a local file system nothing waits here, since the inode was read when its place was
 * opened, and handing the call to another thread would cost more than the call.
 */
export async function reopen(place: number, flags: number, atOnce: boolean): Promise<number> {
  return atOnce ? fs.openSync(sameAs(place), flags) : await open(sameAs(place), flags)
}

/** The target of a symbolic link. */
export async function readlink(path: fs.PathLike): Promise<ByteName> {
  return await new Promise((resolve, reject) => {
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

/** Writes all of it, on this thread. */
export function writeAtOnce(descriptor: number, buffer: Uint8Array, position: number): void {
  for (let written = 0; written < buffer.length; ) {
    written += fs.writeSync(descriptor, buffer, written, buffer.length - written, position + written)
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
