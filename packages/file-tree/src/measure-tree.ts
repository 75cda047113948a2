import { type BigIntStats, closeSync } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { hasErrno, PouchError, throwIfAborted } from '@pouch/errors'
import { type ByteName, joinName } from './byte-name.js'
import { open, openFlags, placeOf, sameAs } from './descriptor.js'
import { ordered } from './ordered.js'
import { treeError } from './tree-error.js'
import { openRoot } from './tree-root.js'

/** How to measure. */
export interface MeasureOptions {
  readonly signal?: AbortSignal | undefined
}

/** What a tree takes up. A file with several links counts once; other filesystems below the root are left out. */
export interface TreeSize {
  /** The sizes of the regular files, holes counted: Docker's figure. */
  readonly apparentBytes: number
  /** The blocks of everything, directories too: what du tells. */
  readonly diskBytes: number
  /** Files, directories and so on, the root among them. */
  readonly inodes: number
}

const op = 'tree.measure'
const width = 16
const chunkNames = 4096

/**
 * Counts what is in a directory. It follows no link, not even one that is planted while it counts; what vanishes meanwhile counts
 * nothing. It works without koffi.
 *
 * @param root absolute; must not be a symbolic link
 * @throws PouchError `not-found`, `permission-denied`, `unsupported` outside Linux, `aborted`
 */
export async function measureTree(root: string, { signal }: MeasureOptions = {}): Promise<TreeSize> {
  throwIfAborted(signal, { op, subject: root })
  if (process.platform !== 'linux') {
    throw new PouchError('unsupported', `${op} needs Linux; this is ${process.platform}`, { op, subject: root })
  }
  const descriptor = await openRoot(root, op)
  try {
    return await new Measurement(root, signal).all(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

class Measurement {
  readonly #root: string
  readonly #signal: AbortSignal | undefined
  readonly #linked = new Set<bigint>()
  #device = 0n
  #apparentBytes = 0n
  #diskBlocks = 0n
  #inodes = 0

  constructor(root: string, signal: AbortSignal | undefined) {
    this.#root = root
    this.#signal = signal
  }

  async all(descriptor: number): Promise<TreeSize> {
    const stat = await lstat(`${sameAs(descriptor)}/.`, { bigint: true })
    this.#device = stat.dev
    this.#count(stat)
    await this.#folder(descriptor, '')
    return Object.freeze({
      apparentBytes: Number(this.#apparentBytes),
      diskBytes: Number(this.#diskBlocks) * 512,
      inodes: this.#inodes,
    })
  }

  async #folder(descriptor: number, path: ByteName): Promise<void> {
    const folders: ByteName[] = []
    const look = async (name: ByteName) => {
      const stat = await this.#stat(descriptor, name, path)
      if (stat?.isDirectory() === true && stat.dev === this.#device) folders.push(name)
      if (stat !== undefined) this.#count(stat)
    }
    for await (const names of this.#names(descriptor, path)) {
      for await (const _ of ordered(names, width, look, () => undefined)) throwIfAborted(this.#signal, this.#step)
    }
    for (const name of folders) await this.#enter(descriptor, name, joinName(path, name))
  }

  async #enter(parent: number, name: ByteName, path: ByteName): Promise<void> {
    let descriptor: number
    try {
      descriptor = await open(placeOf(parent, name), openFlags.directory)
    } catch (error) {
      // Gone, or a link by now.
      if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return
      throw treeError(error, 'cannot open the directory', { op, root: this.#root, path })
    }
    try {
      await this.#folder(descriptor, path)
    } finally {
      closeSync(descriptor)
    }
  }

  async *#names(descriptor: number, path: ByteName): AsyncGenerator<ByteName[]> {
    try {
      const entries = await opendir(sameAs(descriptor), { encoding: 'latin1', bufferSize: chunkNames })
      let names: ByteName[] = []
      for await (const { name } of entries) {
        if (names.push(name) < chunkNames) continue
        yield names
        names = []
      }
      yield names
    } catch (error) {
      throw treeError(error, 'cannot list', { op, root: this.#root, path })
    }
  }

  async #stat(folder: number, name: ByteName, path: ByteName): Promise<BigIntStats | undefined> {
    try {
      return await lstat(placeOf(folder, name), { bigint: true })
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined
      throw treeError(error, 'cannot look at', { op, root: this.#root, path: joinName(path, name) })
    }
  }

  #count(stat: BigIntStats): void {
    // Of an overlay's files the kernel may tell another device; its directories it always calls its own.
    if (stat.isDirectory() ? stat.dev !== this.#device : stat.nlink > 1n && this.#linked.has(stat.ino)) return
    if (!stat.isDirectory() && stat.nlink > 1n) this.#linked.add(stat.ino)
    this.#inodes += 1
    this.#diskBlocks += stat.blocks
    if (stat.isFile()) this.#apparentBytes += stat.size
  }

  get #step() {
    return { op, subject: this.#root }
  }
}
