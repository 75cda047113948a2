import { closeSync, readSync } from 'node:fs'
import { hasErrno } from '@pouch/errors'
import { type Attribute, attributesOf } from './attribute.js'
import type { ByteName } from './byte-name.js'
import { open, openFlags, placeOf, readFully, readlink, reopen } from './descriptor.js'
import type { FileStat } from './file-stat.js'
import { FoundEntry } from './found-entry.js'
import type { SystemCalls } from './system-calls.js'
import { type FailedStep, treeError } from './tree-error.js'

/** What an {@link EntryReader} works with. */
export interface EntryReaderOptions {
  readonly op: string
  readonly root: string
  readonly system: SystemCalls
  /** Whether the file system is one where what is held is at hand. */
  readonly isLocal: boolean
  /** Files up to this size are read at once; asked for each. */
  readonly inlineBytes: () => number
  /** Told of what is not there any more, or became something else. */
  readonly onChanged: (path: ByteName) => void
}

/** A directory that was opened; `descriptor` is the caller's to close, and absent where something is mounted. */
export interface FoundFolder {
  readonly entry: FoundEntry
  readonly descriptor: number | undefined
}

/**
 * Looks at names of open directories. It holds what a name stands for before it looks what that is, and reads it through what it holds, so
 * that exchanging the name for a link or a device between two steps gains nothing.
 */
export class EntryReader {
  readonly #options: EntryReaderOptions

  constructor(options: EntryReaderOptions) {
    this.#options = options
  }

  /** Anything but a directory, which is `'directory'`; `undefined` when it is gone. The entry is the caller's to close. */
  async read(folder: number, name: ByteName, path: ByteName): Promise<FoundEntry | 'directory' | undefined> {
    return await this.#hold(folder, name, path, async (place, stat) => {
      if (stat.kind === 'directory') return 'directory'
      const attributes = stat.isMountRoot || stat.kind === 'socket' ? [] : await this.attributes(place)
      if (stat.kind === 'symlink') return await this.#symlink(path, stat, attributes, placeOf(folder, name))
      if (stat.kind !== 'file' || stat.isMountRoot) return new FoundEntry({ path, stat, attributes })
      if (stat.size === 0) return new FoundEntry({ path, stat, attributes, content: Buffer.alloc(0) })
      const descriptor = await reopen(place, openFlags.read, this.#options.isLocal)
      return await this.#withContent(new FoundEntry({ path, stat, attributes, descriptor }))
    })
  }

  /** A directory; `undefined` when it is gone, or is none. What is mounted there is not opened: a dead server would keep us. */
  async openFolder(folder: number, name: ByteName, path: ByteName): Promise<FoundFolder | undefined> {
    return await this.#hold(folder, name, path, async (place, stat) => {
      if (stat.kind !== 'directory') return this.#changed(path)
      if (stat.isMountRoot) return { entry: new FoundEntry({ path, stat, attributes: [] }), descriptor: undefined }
      const attributes = await this.attributes(place)
      const descriptor = await reopen(place, openFlags.directory & ~openFlags.noFollow, this.#options.isLocal)
      return { entry: new FoundEntry({ path, stat, attributes }), descriptor }
    })
  }

  async attributes(descriptor: number): Promise<readonly Attribute[]> {
    return await attributesOf(this.#options.system, descriptor, this.#options.isLocal)
  }

  async #hold<T>(
    folder: number,
    name: ByteName,
    path: ByteName,
    look: (place: number, stat: FileStat) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    try {
      const place =
        this.#options.system.holdCached(folder, name) ?? (await open(placeOf(folder, name), openFlags.place))
      try {
        return await look(place, this.#options.system.stat(place))
      } finally {
        closeSync(place)
      }
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return this.#changed(path)
      throw treeError(error, 'cannot read', this.#step(path))
    }
  }

  async #symlink(path: ByteName, stat: FileStat, attributes: readonly Attribute[], place: string | Buffer) {
    try {
      return new FoundEntry({ path, stat, attributes, target: await readlink(place) })
    } catch (error) {
      if (hasErrno(error, 'EINVAL')) return this.#changed(path)
      throw error
    }
  }

  async #withContent(entry: FoundEntry): Promise<FoundEntry> {
    const { size, diskBytes } = entry.stat
    const mayHaveHoles = diskBytes < size
    if (entry.descriptor === undefined || size > this.#options.inlineBytes() || mayHaveHoles) return entry
    try {
      // One byte more, to see whether it grew.
      const buffer = Buffer.allocUnsafe(size + 1)
      const count = this.#options.system.isCached(entry.descriptor, size)
        ? readSync(entry.descriptor, buffer, 0, size + 1, 0)
        : await readFully(entry.descriptor, buffer, 0)
      entry.content = buffer.subarray(0, count)
    } finally {
      entry.close()
    }
    return entry
  }

  #changed(path: ByteName): undefined {
    this.#options.onChanged(path)
    return undefined
  }

  #step(path: ByteName): FailedStep {
    return { op: this.#options.op, root: this.#options.root, path }
  }
}
