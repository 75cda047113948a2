import { constants, type Stats } from 'node:fs'
import {
  chmod,
  type FileHandle,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  opendir,
  readlink,
  symlink,
} from 'node:fs/promises'
import { throwIfAborted } from '@pouch/errors'
import { copyContents } from './copy-contents.js'
import type { NodeCalls } from './node-calls.js'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK } = constants
const oPath = 0o10000000

/**
 * Copies one tree into another: contents, owners, modes with setuid and sticky bits, symbolic and hard links, devices, FIFOs,
 * extended attributes and times of files. Both sides are walked by descriptor; no step follows a symbolic link.
 */
export class TreeCopy {
  readonly #calls: NodeCalls
  readonly #signal: AbortSignal | undefined
  /** Where the first of several names of a file went: the directory is kept open until the copy is done. */
  readonly #linked = new Map<string, { readonly directory: FileHandle; readonly name: string }>()
  readonly #kept: FileHandle[] = []

  constructor(calls: NodeCalls, signal?: AbortSignal) {
    this.#calls = calls
    this.#signal = signal
  }

  /** Copies what is in a directory, and the directory's own owner, mode and attributes. */
  async directory(from: FileHandle, to: FileHandle): Promise<void> {
    try {
      await this.#children(from, to)
    } finally {
      for (const handle of this.#kept) await handle.close()
    }
  }

  async #children(from: FileHandle, to: FileHandle): Promise<void> {
    for await (const { name } of await opendir(within(from))) {
      throwIfAborted(this.#signal, { op: 'container.create' })
      await this.#entry(from, to, name)
    }
    const stat = await from.stat()
    await to.chown(stat.uid, stat.gid)
    await to.chmod(stat.mode & 0o7777)
    this.#calls.copyAttributes(from.fd, to.fd)
  }

  async #entry(from: FileHandle, to: FileHandle, name: string): Promise<void> {
    const source = within(from, name)
    const target = within(to, name)
    const stat = await lstat(source)
    if (stat.isDirectory()) await this.#subdirectory(source, target)
    else if (!(await this.#linkAgain(stat, target))) {
      if (stat.isFile()) await this.#file(source, target, stat)
      else if (stat.isSymbolicLink()) await symlink(await readlink(source, 'buffer'), target)
      else if (!stat.isSocket()) await this.#node(target, stat)
      if (!stat.isFile() && !stat.isSocket()) await this.#own(target, stat)
      if (stat.nlink > 1) await this.#remember(stat, to, name)
    }
  }

  async #subdirectory(source: string, target: string): Promise<void> {
    const from = await open(source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    try {
      await mkdir(target, { mode: 0o700 })
      const to = await open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      try {
        await this.#children(from, to)
      } finally {
        await to.close()
      }
    } finally {
      await from.close()
    }
  }

  async #file(source: string, target: string, stat: Stats): Promise<void> {
    const from = await open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const to = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
      try {
        await copyContents(from, to, stat.size, this.#signal)
        await to.chown(stat.uid, stat.gid)
        // After chown, which takes setuid and setgid away.
        await to.chmod(stat.mode & 0o7777)
        this.#calls.copyAttributes(from.fd, to.fd)
        await to.utimes(stat.atime, stat.mtime)
      } finally {
        await to.close()
      }
    } finally {
      await from.close()
    }
  }

  async #node(target: string, stat: Stats): Promise<void> {
    this.#calls.makeNode(target, stat.mode, stat.rdev)
    const handle = await open(target, oPath | O_NOFOLLOW)
    try {
      // The umask took bits off; through the descriptor no link that took its place is followed.
      await chmod(`/proc/self/fd/${handle.fd}`, stat.mode & 0o7777)
    } finally {
      await handle.close()
    }
  }

  async #own(target: string, stat: Stats): Promise<void> {
    await lchown(target, stat.uid, stat.gid)
    await lutimes(target, stat.atime, stat.mtime)
  }

  /** @returns whether the file was copied before under another name, to which this one is now a hard link */
  async #linkAgain(stat: Stats, target: string): Promise<boolean> {
    const first = stat.nlink > 1 ? this.#linked.get(inodeOf(stat)) : undefined
    if (first === undefined) return false
    await link(within(first.directory, first.name), target)
    return true
  }

  async #remember(stat: Stats, directory: FileHandle, name: string): Promise<void> {
    const kept = await open(within(directory), O_RDONLY | O_DIRECTORY)
    this.#kept.push(kept)
    this.#linked.set(inodeOf(stat), { directory: kept, name })
  }
}

/** A path that goes through an open directory: nothing that happens to the names above it matters. */
function within(directory: FileHandle, name = '.'): string {
  return `/proc/self/fd/${directory.fd}/${name}`
}

const inodeOf = (stat: Stats): string => `${stat.dev}:${stat.ino}`
