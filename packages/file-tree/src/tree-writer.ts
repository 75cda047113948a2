import { closeSync } from 'node:fs'
import { hasErrno, PouchError } from '@pouch/errors'
import { type ByteName, folderOf, lastOf, shownName } from './byte-name.js'
import { sameAs, writeWhole } from './descriptor.js'
import { type Device, EntryMaker, type EntryMakerOptions, type Fill } from './entry-maker.js'
import { filesystemSpeed } from './filesystem-speed.js'
import { FolderStack, type OpenFolder } from './folder-stack.js'
import { type Metadata, MetadataKeeper } from './metadata.js'
import type { Progress } from './progress.js'
import { type PromptWork, promptly } from './prompt-work.js'
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

/** How {@link TreeWriter.file} goes about it. */
export interface FileOptions {
  /** Whether the caller goes on meanwhile; what `fill` needs stays as it is then. */
  readonly background: boolean
  /** Called once the file was begun and has ended, well or not. */
  readonly release?: () => void
}

const width = 16

/**
 * Writes entries into a directory, one after the other, by paths that never leave it. What is there under a name is replaced unless told
 * otherwise, but a directory stays one, with what is in it. Small things are made while the caller goes on; {@link finish} waits for them.
 */
export class TreeWriter {
  readonly #step: FailedStep
  readonly #system: SystemCalls
  readonly #rootDescriptor: number
  readonly #promptness: Promptness
  readonly #pool: TaskPool
  readonly #folders: FolderStack
  readonly #underWay: Map<ByteName, Promise<void>>
  readonly #maker: EntryMaker

  private constructor(options: EntryMakerOptions, underWay: Map<ByteName, Promise<void>>) {
    this.#step = options.step
    this.#system = options.system
    this.#rootDescriptor = options.rootDescriptor
    this.#promptness = options.promptness
    this.#pool = options.pool
    this.#folders = options.folders
    this.#underWay = underWay
    this.#maker = new EntryMaker(options)
  }

  /** @throws PouchError as {@link openRoot} */
  static async open(options: TreeWriterOptions): Promise<TreeWriter> {
    const { op, root, system, progress, ownership, existing = 'replace' } = options
    const rootDescriptor = await openRoot(root, op)
    try {
      const promptness = new Promptness(await filesystemSpeed(sameAs(rootDescriptor)))
      const keeper = new MetadataKeeper(system, progress, ownership, promptness)
      const pool = new TaskPool(width)
      const underWay = new Map<ByteName, Promise<void>>()
      const parts = { step: { op, root }, rootDescriptor, system, keeper, promptness, pool, underWay }
      return new TreeWriter({ ...parts, progress, existing, folders: await FolderStack.open(parts) }, underWay)
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
        await this.#maker.remove(parent, path)
        await this.#folders.make(parent, name, metadata)
      }
    })
  }

  /** A file, with the content that `fill` makes. */
  async file(path: ByteName, metadata: Metadata, fill: Fill, { background, release }: FileOptions): Promise<void> {
    const parent = this.#folders.last(folderOf(path)) ?? (await this.#enter(path))
    const file = () => this.#maker.file(parent, path, metadata, fill, release)
    const starting = this.#perform(parent, path, 'cannot write', file)
    if (starting !== undefined) await starting
    // While it goes on in the background, what it works with must not be let go of by an error of another.
    if (background) return
    await this.#underWay.get(path)
    this.#pool.check()
  }

  /** Writes the content of a small file. */
  write(descriptor: number, content: Uint8Array): Promise<void> | void {
    return this.#promptness.held((atOnce) => writeWhole(descriptor, content, atOnce))
  }

  /** A symbolic link. Its target is nobody's business: it is never followed. */
  async symlink(path: ByteName, metadata: Metadata, target: ByteName): Promise<void> {
    const parent = await this.#enter(path)
    const symlink = () => this.#maker.symlink(parent, path, metadata, target)
    await this.#perform(parent, path, 'cannot make the link', symlink)
  }

  /** Another name of a file that was written. @throws PouchError `invalid-argument` when there is none */
  async link(path: ByteName, target: ByteName): Promise<void> {
    const parent = await this.#enter(path)
    await this.#underWay.get(target)
    await this.#perform(parent, path, 'cannot make the hard link', () => this.#maker.link(parent, path, target))
  }

  /** A device or a FIFO. Where the caller may not make devices, a warning is told. */
  async special(path: ByteName, metadata: Metadata, device: Device): Promise<void> {
    const parent = await this.#enter(path)
    const special = () => this.#maker.special(parent, path, metadata, device)
    await this.#perform(parent, path, 'cannot make the device', special)
  }

  /** Waits for all that is under way, gives directories what they get, and brings all to the disk. */
  async finish(): Promise<void> {
    await this.#folders.close()
    await this.#pool.settle()
    this.#pool.check()
    await this.#attempt('', 'cannot bring to the disk', async () => {
      await this.#system.syncFilesystem(this.#rootDescriptor)
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
      const message =
        `'${shown}' leads through a link or a file, which is not followed; nothing of it was written: ` +
        'make all that is above it directories'
      throw new PouchError('invalid-argument', message, { op: this.#step.op, subject: shown, cause: error })
    }
  }

  /** Does something at once, or goes on with it while the caller goes on. @returns a promise where the caller has to wait for its start */
  #perform(parent: OpenFolder, path: ByteName, what: string, work: () => PromptWork<void>): Promise<void> | undefined {
    const earlier = this.#underWay.get(path)
    if (earlier !== undefined || !this.#pool.hasRoom) return this.#performLater(earlier, parent, path, what, work)
    this.#pool.check()
    const performing = promptly(this.#working(path, what, work))
    if (performing === undefined) return undefined
    const settled = this.#pool.follow(performing).then(() => {
      this.#underWay.delete(path)
      parent.tasks.delete(settled)
    })
    this.#underWay.set(path, settled)
    parent.tasks.add(settled)
    return undefined
  }

  async #performLater(
    earlier: Promise<void> | undefined,
    ...[parent, path, what, work]: [OpenFolder, ByteName, string, () => PromptWork<void>]
  ): Promise<void> {
    // Two entries of one name come one after the other.
    await earlier
    await this.#pool.room()
    await this.#perform(parent, path, what, work)
  }

  *#working(path: ByteName, what: string, work: () => PromptWork<void>): PromptWork<void> {
    try {
      yield* work()
    } catch (error) {
      throw treeError(error, what, { ...this.#step, path })
    }
  }

  async #attempt(path: ByteName, what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      throw treeError(error, what, { ...this.#step, path })
    }
  }
}
