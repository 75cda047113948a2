import { closeSync } from 'node:fs'
import { hasErrno, PouchError } from '@pouch/errors'
import { type ByteName, bytesOf, folderOf, lastOf, shownName } from './byte-name.js'
import { close, link, open, openFlags, placeOf, rmdir, symlink, unlink } from './descriptor.js'
import type { FileKind } from './file-stat.js'
import type { FolderStack, FolderStackOptions, OpenFolder } from './folder-stack.js'
import type { Metadata } from './metadata.js'
import type { Progress } from './progress.js'
import { type PromptWork, settled } from './prompt-work.js'

/** Makes the content of a file that is open for writing. */
export type Fill = (descriptor: number) => Promise<void> | void

/** Makes something at a place. */
type Make<T> = (place: string | Buffer) => T | Promise<T>

/** What is neither a file, a directory nor a link, and can be made. */
export type SpecialKind = Extract<FileKind, 'character-device' | 'block-device' | 'fifo'>

const typeBits: Readonly<Record<SpecialKind, number>> = {
  fifo: 0o010000,
  'character-device': 0o020000,
  'block-device': 0o060000,
}

/** What to make of them. */
export interface Device {
  readonly kind: SpecialKind
  readonly major: number
  readonly minor: number
}

/** What an {@link EntryMaker} works with. */
export interface EntryMakerOptions extends FolderStackOptions {
  readonly folders: FolderStack
  readonly progress: Progress
  /** What becomes of a file that is there under a name. */
  readonly existing: 'replace' | 'refuse'
}

/** Makes entries in directories that are open, and gives them what they get. */
export class EntryMaker {
  readonly #options: EntryMakerOptions

  constructor(options: EntryMakerOptions) {
    this.#options = options
  }

  /** @param release called at the end, however it ended */
  *file(parent: OpenFolder, path: ByteName, metadata: Metadata, fill: Fill, release?: () => void): PromptWork<void> {
    const { system, keeper, promptness } = this.#options
    const mode = keeper.initialMode(metadata)
    const create = (place: string | Buffer) =>
      promptness.reaching((atOnce) =>
        atOnce ? system.create(parent.descriptor, lastOf(path), mode) : open(place, openFlags.create, mode),
      )
    try {
      const descriptor = yield* this.#new(parent, path, create)
      try {
        yield* settled(fill(descriptor))
        yield* keeper.apply(descriptor, path, metadata)
      } finally {
        // What a local file system has been given it has; another one may still send it.
        yield* settled(promptness.held((atOnce) => close(descriptor, atOnce)))
      }
    } finally {
      release?.()
    }
  }

  *symlink(parent: OpenFolder, path: ByteName, metadata: Metadata, target: ByteName): PromptWork<void> {
    const { promptness } = this.#options
    const bytes = bytesOf(target)
    yield* this.#new(parent, path, (place) => promptness.reaching((atOnce) => symlink(bytes, place, atOnce)))
    yield* this.#describe(parent, path, 'symlink', metadata)
  }

  *link(parent: OpenFolder, path: ByteName, target: ByteName): PromptWork<void> {
    const { folders, promptness } = this.#options
    const folder = path === target ? undefined : yield* folders.reach(folderOf(target))
    if (folder === undefined) throw this.#noTarget(path, target)
    try {
      const existing = placeOf(folder, lastOf(target))
      yield* this.#new(parent, path, (place) => promptness.reaching((atOnce) => link(existing, place, atOnce)))
    } catch (error) {
      throw hasErrno(error, 'ENOENT', 'EPERM', 'ENOTDIR') ? this.#noTarget(path, target, error) : error
    } finally {
      closeSync(folder)
    }
  }

  *special(parent: OpenFolder, path: ByteName, metadata: Metadata, device: Device): PromptWork<void> {
    const { system, progress, keeper } = this.#options
    const { kind, major, minor } = device
    const type = typeBits[kind] | keeper.initialMode(metadata)
    try {
      yield* this.#new(parent, path, () => system.mknod(parent.descriptor, lastOf(path), type, major, minor))
    } catch (error) {
      if (kind === 'fifo' || !hasErrno(error, 'EPERM')) throw error
      progress.warn('device', path, 'the device is left out: making one takes root (CAP_MKNOD)')
      return
    }
    yield* this.#describe(parent, path, kind, metadata)
  }

  /** Takes away what is there under a name, but no directory that holds something. */
  async remove(parent: OpenFolder, path: ByteName): Promise<void> {
    const { existing, step } = this.#options
    const shown = shownName(path)
    if (existing === 'refuse') {
      const message = `'${shown}' is there already in ${step.root}, and is not replaced`
      throw new PouchError('already-exists', message, { op: step.op, subject: shown })
    }
    const place = placeOf(parent.descriptor, lastOf(path))
    try {
      await unlink(place)
    } catch (error) {
      if (!hasErrno(error, 'EISDIR', 'EPERM')) throw error
      await rmdir(place).catch((cause: unknown) => {
        if (!hasErrno(cause, 'ENOTEMPTY', 'EEXIST')) throw cause
        const message = `'${shown}' is a directory that is not empty in ${step.root}, and is not replaced; remove it first`
        throw new PouchError('invalid-argument', message, { op: step.op, subject: shown, cause })
      })
    }
  }

  /** Makes something under a name that may be taken. */
  *#new<T>(parent: OpenFolder, path: ByteName, make: Make<T>): PromptWork<T> {
    const place = placeOf(parent.descriptor, lastOf(path))
    try {
      return yield* settled(make(place))
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error
    }
    yield* settled(this.remove(parent, path))
    return yield* settled(make(place))
  }

  *#describe(parent: OpenFolder, path: ByteName, kind: FileKind, metadata: Metadata): PromptWork<void> {
    const { system, keeper, step } = this.#options
    const name = lastOf(path)
    const place =
      system.holdCached(parent.descriptor, name) ??
      (yield* settled(open(placeOf(parent.descriptor, name), openFlags.place)))
    try {
      if (system.stat(place).kind !== kind) {
        const message = `'${shownName(path)}' was replaced by somebody else while it was written to ${step.root}`
        throw new PouchError('conflict', message, { op: step.op, subject: shownName(path) })
      }
      yield* keeper.apply(place, path, metadata)
    } finally {
      closeSync(place)
    }
  }

  #noTarget(path: ByteName, target: ByteName, cause?: unknown): PouchError {
    const [shown, other] = [shownName(path), shownName(target)]
    const message = `'${shown}' is a hard link to '${other}', which is no file in ${this.#options.step.root} that was written before it`
    return new PouchError('invalid-argument', message, { op: this.#options.step.op, subject: shown, cause })
  }
}
