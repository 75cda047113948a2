import { closeSync, readSync } from 'node:fs'
import { hasErrno } from '@pouch/errors'
import { type Attribute, attributesOf } from './attribute.js'
import type { ByteName } from './byte-name.js'
import { ContentSlab } from './content-slab.js'
import { open, openFlags, placeOf, readFully, readlink, reopen } from './descriptor.js'
import { type FileStat, isOpened } from './file-stat.js'
import { FoundEntry } from './found-entry.js'
import { type PromptWork, promptly, settled } from './prompt-work.js'
import type { Promptness } from './promptness.js'
import type { SystemCalls } from './system-calls.js'
import { type FailedStep, treeError } from './tree-error.js'

/** What an {@link EntryReader} works with. */
export interface EntryReaderOptions {
  readonly op: string
  readonly root: string
  readonly system: SystemCalls
  /** Whether what is held is at hand, or another thread looks at it. */
  readonly promptness: Promptness
  /** Files up to this size are read at once; asked for each. */
  readonly inlineBytes: () => number
  /** Told of what is not there any more, or became something else. */
  readonly onChanged: (path: ByteName) => void
}

/** What a name stands for. */
export type Found = FoundEntry | 'directory' | undefined

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
  readonly #slab = new ContentSlab()

  constructor(options: EntryReaderOptions) {
    this.#options = options
  }

  /**
   * Anything but a directory, which is `'directory'`; `undefined` when it is gone. The entry is the caller's to close. A promise of it where
   * the disk is waited for.
   */
  read(folder: number, name: ByteName, path: ByteName): Promise<Found> | Found {
    return promptly(
      this.#hold(folder, name, path, (place, stat) => this.#entry(place, stat, path, placeOf(folder, name))),
    )
  }

  /** A directory; `undefined` when it is gone, or is none. What is mounted there is not opened: a dead server would keep us. */
  async openFolder(folder: number, name: ByteName, path: ByteName): Promise<FoundFolder | undefined> {
    return await promptly(this.#hold(folder, name, path, (place, stat) => this.#folder(place, stat, path)))
  }

  /** @param descriptor a directory that is open */
  async attributes(descriptor: number): Promise<readonly Attribute[]> {
    return await promptly(this.#attributes(descriptor, true))
  }

  *#hold<T>(
    folder: number,
    name: ByteName,
    path: ByteName,
    look: (place: number, stat: FileStat) => PromptWork<T | undefined>,
  ): PromptWork<T | undefined> {
    const { system } = this.#options
    try {
      const place = system.holdCached(folder, name) ?? (yield* settled(open(placeOf(folder, name), openFlags.place)))
      try {
        return yield* look(place, system.stat(place))
      } finally {
        closeSync(place)
      }
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return this.#changed(path)
      throw treeError(error, 'cannot read', this.#step(path))
    }
  }

  *#entry(place: number, stat: FileStat, path: ByteName, at: string | Buffer): PromptWork<Found> {
    if (stat.kind === 'directory') return 'directory'
    if (stat.isMountRoot || stat.kind === 'socket') return new FoundEntry({ path, stat, attributes: [] })
    if (stat.kind === 'file' && stat.size > 0) return yield* this.#file(place, stat, path)
    const attributes = yield* this.#attributes(place, false)
    if (stat.kind === 'symlink') return yield* this.#symlink(path, stat, attributes, at)
    const content = stat.kind === 'file' ? Buffer.alloc(0) : undefined
    return new FoundEntry({ path, stat, attributes, content })
  }

  *#folder(place: number, stat: FileStat, path: ByteName): PromptWork<FoundFolder | undefined> {
    if (stat.kind !== 'directory') return this.#changed(path)
    if (stat.isMountRoot) return { entry: new FoundEntry({ path, stat, attributes: [] }), descriptor: undefined }
    const descriptor = yield* this.#reopen(place, openFlags.directory & ~openFlags.noFollow)
    try {
      const attributes = yield* this.#attributes(descriptor, true)
      return { entry: new FoundEntry({ path, stat, attributes }), descriptor }
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  *#file(place: number, stat: FileStat, path: ByteName): PromptWork<FoundEntry> {
    const descriptor = yield* this.#reopen(place, openFlags.read)
    let entry: FoundEntry | undefined
    try {
      const attributes = yield* this.#attributes(descriptor, isOpened(stat))
      const content = yield* this.#content(descriptor, stat)
      entry = new FoundEntry({
        path,
        stat,
        attributes,
        content,
        descriptor: content === undefined ? descriptor : undefined,
      })
      return entry
    } finally {
      // An entry whose content is not here yet keeps it.
      if (entry?.descriptor === undefined) closeSync(descriptor)
    }
  }

  *#reopen(place: number, flags: number): PromptWork<number> {
    return yield* settled(this.#options.promptness.held((atOnce) => reopen(place, flags, atOnce)))
  }

  *#attributes(descriptor: number, isOpen: boolean): PromptWork<readonly Attribute[]> {
    const { system, promptness } = this.#options
    return yield* attributesOf(system, promptness, descriptor, isOpen)
  }

  *#symlink(path: ByteName, stat: FileStat, attributes: readonly Attribute[], at: string | Buffer): PromptWork<Found> {
    const { promptness } = this.#options
    try {
      const target = yield* settled(promptness.reaching((atOnce) => readlink(at, atOnce)))
      return new FoundEntry({ path, stat, attributes, target })
    } catch (error) {
      if (hasErrno(error, 'EINVAL')) return this.#changed(path)
      throw error
    }
  }

  /** The content of a small file; `undefined` for another one. */
  *#content(descriptor: number, { size, diskBytes }: FileStat): PromptWork<Buffer | undefined> {
    const { system, promptness, inlineBytes } = this.#options
    const mayHaveHoles = diskBytes < size
    if (size > inlineBytes() || mayHaveHoles) return undefined
    // One byte more, to see whether it grew.
    const buffer = this.#slab.take(size + 1)
    const isHere = promptness.isAtHand && system.isCached(descriptor, size)
    const count = isHere
      ? promptness.run(() => readSync(descriptor, buffer, 0, size + 1, 0))
      : yield* settled(readFully(descriptor, buffer, 0))
    return buffer.subarray(0, count)
  }

  #changed(path: ByteName): undefined {
    this.#options.onChanged(path)
    return undefined
  }

  #step(path: ByteName): FailedStep {
    return { op: this.#options.op, root: this.#options.root, path }
  }
}
