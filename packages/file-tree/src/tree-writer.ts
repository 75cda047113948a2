import { closeSync } from 'node:fs'
import { hasErrno, PouchError } from '@pouch/errors'
import { type ByteName, bytesOf, folderOf, lastOf, shownName } from './byte-name.js'
import {
  close,
  link,
  open,
  openFlags,
  placeOf,
  rmdir,
  sameAs,
  symlink,
  unlink,
  writeAtOnce,
  writeFully,
} from './descriptor.js'
import type { FileKind } from './file-stat.js'
import { FolderStack, type FolderStackOptions, type OpenFolder } from './folder-stack.js'
import { isLocalFilesystem } from './local-filesystem.js'
import { type Metadata, MetadataKeeper } from './metadata.js'
import type { Progress } from './progress.js'
import { Promptness } from './promptness.js'
import type { SystemCalls } from './system-calls.js'
import { TaskPool } from './task-pool.js'
import type { Ownership } from './tree-call.js'
import { type FailedStep, treeError } from './tree-error.js'
import { openRoot } from './tree-root.js'

/** What a {@link TreeWriter} works with. */
export interface TreeWriterOptions {
  readonly op: string
  readonly root: string
  readonly system: SystemCalls
  readonly progress: Progress
  readonly ownership: Ownership
  /** What becomes of a file that is there under a name; replaced unless told. */
  readonly existing?: 'replace' | 'refuse'
}

/** Makes the content of a file that is open for writing. */
export type Fill = (descriptor: number) => Promise<void>

/** How {@link TreeWriter.file} goes about it. */
export interface FileOptions {
  /** Whether the caller goes on meanwhile; what `fill` needs stays as it is then. */
  readonly background: boolean
  /** Called once the file was begun and has ended, well or not. */
  readonly release?: () => void
}

type SpecialKind = Extract<FileKind, 'character-device' | 'block-device' | 'fifo'>

const width = 16
const typeBits: Readonly<Record<SpecialKind, number>> = {
  fifo: 0o010000,
  'character-device': 0o020000,
  'block-device': 0o060000,
}

/**
 * Writes entries into a directory, one after the other, by paths that never leave it. What is there under a name is replaced unless told
 * otherwise, but a directory stays one, with what is in it. Small things are made while the caller goes on; {@link finish} waits for them.
 */
export class TreeWriter {
  readonly #step: FailedStep
  readonly #options: TreeWriterOptions
  readonly #rootDescriptor: number
  readonly #keeper: MetadataKeeper
  readonly #promptness: Promptness
  readonly #pool: TaskPool
  readonly #folders: FolderStack
  readonly #underWay: Map<ByteName, Promise<void>>

  private constructor(
    options: TreeWriterOptions,
    parts: FolderStackOptions & {
      readonly promptness: Promptness
      readonly folders: FolderStack
      readonly underWay: Map<ByteName, Promise<void>>
    },
  ) {
    this.#options = options
    this.#step = parts.step
    this.#rootDescriptor = parts.rootDescriptor
    this.#keeper = parts.keeper
    this.#promptness = parts.promptness
    this.#pool = parts.pool
    this.#folders = parts.folders
    this.#underWay = parts.underWay
  }

  /** @throws PouchError as {@link openRoot} */
  static async open(options: TreeWriterOptions): Promise<TreeWriter> {
    const { op, root, system } = options
    const rootDescriptor = await openRoot(root, op)
    try {
      const promptness = new Promptness(await isLocalFilesystem(sameAs(rootDescriptor)))
      const keeper = new MetadataKeeper(system, options.progress, options.ownership, promptness)
      const pool = new TaskPool(width)
      const underWay = new Map<ByteName, Promise<void>>()
      const parts = { step: { op, root }, rootDescriptor, system, keeper, promptness, pool, underWay }
      return new TreeWriter(options, { ...parts, folders: await FolderStack.open(parts) })
    } catch (error) {
      closeSync(rootDescriptor)
      throw treeError(error, 'cannot open', { op, root })
    }
  }

  /** A directory. It gets its permissions and times when it is left. */
  async directory(path: ByteName, metadata: Metadata): Promise<void> {
    if (path === '') {
      this.#folders.describeRoot(metadata)
      return
    }
    const parent = await this.#enter(path)
    const name = lastOf(path)
    await this.#attempt(path, 'cannot make the directory', async () => {
      try {
        await this.#folders.make(parent, name, metadata)
      } catch (error) {
        if (!hasErrno(error, 'ENOTDIR', 'ELOOP')) throw error
        await this.#remove(parent, name, path)
        await this.#folders.make(parent, name, metadata)
      }
    })
  }

  /** A file, with the content that `fill` makes. */
  async file(path: ByteName, metadata: Metadata, fill: Fill, { background, release }: FileOptions): Promise<void> {
    const parent = await this.#enter(path)
    const mode = this.#keeper.initialMode(metadata)
    const make = async () => {
      const descriptor = await this.#new(parent, path, async (place) => await open(place, openFlags.create, mode))
      try {
        await fill(descriptor)
        await this.#keeper.apply(descriptor, path, metadata)
      } finally {
        // What a local file system has been given it has; another one may still send it.
        if (this.#promptness.isAtOnce) this.#promptness.run(() => closeSync(descriptor))
        else await close(descriptor)
      }
    }
    await this.#perform(parent, path, 'cannot write', async () => {
      try {
        await make()
      } finally {
        release?.()
      }
    })
    // While it goes on in the background, what it works with must not be let go of by an error of another.
    if (background) return
    await this.#underWay.get(path)
    this.#pool.check()
  }

  /** Writes the content of a small file. */
  async write(descriptor: number, content: Uint8Array): Promise<void> {
    if (this.#promptness.isAtOnce) this.#promptness.run(() => writeAtOnce(descriptor, content, 0))
    else await writeFully(descriptor, content, 0)
  }

  /** A symbolic link. Its target is nobody's business: it is never followed. */
  async symlink(path: ByteName, metadata: Metadata, target: ByteName): Promise<void> {
    const parent = await this.#enter(path)
    await this.#perform(parent, path, 'cannot make the link', async () => {
      await this.#new(parent, path, async (place) => await symlink(bytesOf(target), place))
      await this.#describe(parent, path, 'symlink', metadata)
    })
  }

  /** Another name of a file that was written. @throws PouchError `invalid-argument` when there is none */
  async link(path: ByteName, target: ByteName): Promise<void> {
    const parent = await this.#enter(path)
    await this.#underWay.get(target)
    await this.#perform(parent, path, 'cannot make the hard link', async () => {
      const folder = path === target ? undefined : await this.#folders.reach(folderOf(target))
      if (folder === undefined) throw this.#noTarget(path, target)
      try {
        const existing = placeOf(folder, lastOf(target))
        await this.#new(parent, path, async (place) => await link(existing, place))
      } catch (error) {
        throw hasErrno(error, 'ENOENT', 'EPERM', 'ENOTDIR') ? this.#noTarget(path, target, error) : error
      } finally {
        closeSync(folder)
      }
    })
  }

  /** A device or a FIFO. Where the caller may not make devices, a warning is told. */
  async special(path: ByteName, metadata: Metadata, kind: SpecialKind, device: { major: number; minor: number }) {
    const parent = await this.#enter(path)
    await this.#perform(parent, path, 'cannot make the device', async () => {
      const { system, progress } = this.#options
      const type = typeBits[kind] | this.#keeper.initialMode(metadata)
      try {
        await this.#new(parent, path, async () => {
          await system.mknod(parent.descriptor, lastOf(path), type, device.major, device.minor)
        })
      } catch (error) {
        if (kind === 'fifo' || !hasErrno(error, 'EPERM')) throw error
        progress.warn('device', path, 'the device is left out: making one takes root (CAP_MKNOD)')
        return
      }
      await this.#describe(parent, path, kind, metadata)
    })
  }

  /** Waits for all that is under way, gives directories what they get, and brings all to the disk. */
  async finish(): Promise<void> {
    await this.#folders.close()
    await this.#pool.settle()
    this.#pool.check()
    await this.#attempt('', 'cannot bring to the disk', async () => {
      await this.#options.system.syncFilesystem(this.#rootDescriptor)
    })
  }

  /** Lets go of everything, also after a failure. */
  async close(): Promise<void> {
    await this.#pool.settle()
    await this.#folders.close()
    await this.#pool.settle()
    closeSync(this.#rootDescriptor)
  }

  async #enter(path: ByteName): Promise<OpenFolder> {
    this.#pool.check()
    const folder = folderOf(path)
    try {
      return await this.#folders.enter(folder)
    } catch (error) {
      if (!hasErrno(error, 'ENOTDIR', 'ELOOP')) throw treeError(error, 'cannot enter', { ...this.#step, path: folder })
      const shown = shownName(path)
      const message = `'${shown}' leads through a link or a file in ${this.#step.root}, which is not followed; nothing of it was written`
      throw new PouchError('invalid-argument', message, { op: this.#step.op, subject: shown, cause: error })
    }
  }

  async #perform(parent: OpenFolder, path: ByteName, what: string, task: () => Promise<void>): Promise<void> {
    // Two entries of one name come one after the other.
    await this.#underWay.get(path)
    const { end } = await this.#pool.start(async () => await this.#attempt(path, what, task))
    const settled = end.then(() => {
      this.#underWay.delete(path)
      parent.tasks.delete(settled)
    })
    this.#underWay.set(path, settled)
    parent.tasks.add(settled)
  }

  /** Makes something under a name that may be taken. */
  async #new<T>(parent: OpenFolder, path: ByteName, make: (place: string | Buffer) => Promise<T>): Promise<T> {
    const place = placeOf(parent.descriptor, lastOf(path))
    try {
      return await make(place)
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error
    }
    await this.#remove(parent, lastOf(path), path)
    return await make(place)
  }

  async #remove(parent: OpenFolder, name: ByteName, path: ByteName): Promise<void> {
    if (this.#options.existing === 'refuse') {
      const message = `'${shownName(path)}' is there already in ${this.#step.root}, and is not replaced`
      throw new PouchError('already-exists', message, { op: this.#step.op, subject: shownName(path) })
    }
    const place = placeOf(parent.descriptor, name)
    try {
      await unlink(place)
    } catch (error) {
      if (!hasErrno(error, 'EISDIR', 'EPERM')) throw error
      await rmdir(place).catch((cause: unknown) => {
        if (!hasErrno(cause, 'ENOTEMPTY', 'EEXIST')) throw cause
        const message = `'${shownName(path)}' is a directory that is not empty in ${this.#step.root}, and is not replaced; remove it first`
        throw new PouchError('invalid-argument', message, { op: this.#step.op, subject: shownName(path), cause })
      })
    }
  }

  async #describe(parent: OpenFolder, path: ByteName, kind: FileKind, metadata: Metadata): Promise<void> {
    const place = await open(placeOf(parent.descriptor, lastOf(path)), openFlags.place)
    try {
      if (this.#options.system.stat(place).kind !== kind) {
        const message = `'${shownName(path)}' was replaced by somebody else while it was written to ${this.#step.root}`
        throw new PouchError('conflict', message, { op: this.#step.op, subject: shownName(path) })
      }
      await this.#keeper.apply(place, path, metadata)
    } finally {
      closeSync(place)
    }
  }

  async #attempt(path: ByteName, what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      throw treeError(error, what, { ...this.#step, path })
    }
  }

  #noTarget(path: ByteName, target: ByteName, cause?: unknown): PouchError {
    const [shown, other] = [shownName(path), shownName(target)]
    const message = `'${shown}' is a hard link to '${other}', which is no file in ${this.#step.root} that was written before it`
    return new PouchError('invalid-argument', message, { op: this.#step.op, subject: shown, cause })
  }
}
