import { closeSync } from 'node:fs'
import { hasErrno, PouchError } from '@pouch/errors'
import { defaultAcl } from './attribute.js'
import { type ByteName, joinName, shownName } from './byte-name.js'
import { makeDirectory, openDirectory, placeOf } from './descriptor.js'
import type { Metadata, MetadataKeeper } from './metadata.js'
import { type PromptWork, promptly, settled } from './prompt-work.js'
import type { Promptness } from './promptness.js'
import type { SystemCalls } from './system-calls.js'
import type { TaskPool } from './task-pool.js'
import { type FailedStep, treeError } from './tree-error.js'

/** A directory that is written into. */
export interface OpenFolder {
  readonly path: ByteName
  readonly descriptor: number
  /** What is being made in it; its own time is set after that. */
  readonly tasks: Set<Promise<void>>
  /** What it gets when it is left. */
  metadata: Metadata | undefined
}

/** What a {@link FolderStack} works with. */
export interface FolderStackOptions {
  readonly step: FailedStep
  readonly rootDescriptor: number
  readonly system: SystemCalls
  readonly keeper: MetadataKeeper
  readonly promptness: Promptness
  readonly pool: TaskPool
  /** What is being made, by its path: it is there before anything is looked for under it. */
  readonly underWay: ReadonlyMap<ByteName, Promise<void>>
}

/** A directory holds a descriptor while it is written into. */
const mostDepth = 1024
const mostClosing = 64

/**
 * The directories on the way to where is written now, each open. A step goes from an open directory to one name in it and follows no
 * link, so that nothing outside the root can be reached, whatever is planted inside. A directory that is left gets its
 * permissions and times once all that is made in it is there; one that is entered again gets its time back.
 */
export class FolderStack {
  readonly #options: FolderStackOptions
  readonly #stack: OpenFolder[] = []
  readonly #closing = new Map<ByteName, Promise<void>>()

  private constructor(options: FolderStackOptions) {
    this.#options = options
  }

  static async open(options: FolderStackOptions): Promise<FolderStack> {
    const stack = new FolderStack(options)
    const descriptor = await promptly(stack.#open(options.rootDescriptor, '.'))
    const metadata = await promptly(stack.#asFound(descriptor, false))
    stack.#stack.push({ path: '', descriptor, tasks: new Set(), metadata })
    return stack
  }

  /** A directory by its path, where it is the one that was entered last. */
  last(path: ByteName): OpenFolder | undefined {
    const top = this.#stack.at(-1)
    return top?.path === path ? top : undefined
  }

  /** A directory by its path; what is missing on the way is made, for everybody to enter. */
  async enter(path: ByteName): Promise<OpenFolder> {
    let folder = await this.#leaveUpTo(path)
    while (folder.path !== path) {
      const name = nextPart(folder.path, path)
      folder = await this.#enterIn(folder, name, undefined)
    }
    return folder
  }

  /** Makes a directory in one that was entered, or takes the one that is there. @throws an error with ENOTDIR or ELOOP where something else is */
  async make(parent: OpenFolder, name: ByteName, metadata: Metadata): Promise<void> {
    await this.#enterIn(parent, name, metadata)
  }

  /** The root's own owners, permissions and times. */
  describeRoot(metadata: Metadata): void {
    const [root] = this.#stack
    if (root !== undefined) root.metadata = metadata
  }

  /** Opens a directory beside the way, to be closed by the caller. @returns `undefined` where no directory is */
  *reach(path: ByteName): PromptWork<number | undefined> {
    const start = this.#stack.findLast((folder) => isAtOrAbove(folder.path, path))
    if (start === undefined) return undefined
    let descriptor = yield* this.#open(start.descriptor, '.')
    for (let at = start.path; at !== path; ) {
      const name = nextPart(at, path)
      try {
        const next = yield* this.#open(descriptor, name)
        closeSync(descriptor)
        descriptor = next
      } catch (error) {
        closeSync(descriptor)
        if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
        throw error
      }
      at = joinName(at, name)
    }
    return descriptor
  }

  /** Leaves all directories, and waits until each has what it gets. */
  async close(): Promise<void> {
    while (this.#stack.length > 0) this.#leave()
    await Promise.all(this.#closing.values())
  }

  async #leaveUpTo(path: ByteName): Promise<OpenFolder> {
    for (;;) {
      const top = this.#stack.at(-1)
      if (top === undefined)
        throw new PouchError('internal', 'a tree that was closed is written to', this.#options.step)
      if (isAtOrAbove(top.path, path)) return top
      this.#leave()
      while (this.#closing.size > mostClosing) await Promise.race(this.#closing.values())
    }
  }

  async #enterIn(parent: OpenFolder, name: ByteName, metadata: Metadata | undefined): Promise<OpenFolder> {
    const path = joinName(parent.path, name)
    if (this.#stack.length > mostDepth) throw this.#tooDeep(path)
    await this.#options.underWay.get(path)
    await this.#closing.get(path)
    const folder = await promptly(this.#openIn(parent, name, metadata))
    this.#stack.push(folder)
    return folder
  }

  *#openIn(parent: OpenFolder, name: ByteName, metadata: Metadata | undefined): PromptWork<OpenFolder> {
    const isNew = yield* this.#mkdir(placeOf(parent.descriptor, name), metadata)
    const descriptor = yield* this.#open(parent.descriptor, name)
    try {
      const found = isNew ? undefined : yield* this.#asFound(descriptor, true)
      return { path: joinName(parent.path, name), descriptor, tasks: new Set(), metadata: metadata ?? found }
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  *#open(directory: number, name: ByteName): PromptWork<number> {
    const { promptness } = this.#options
    return yield* settled(promptness.reaching((atOnce) => openDirectory(placeOf(directory, name), atOnce)))
  }

  *#mkdir(place: string | Buffer, metadata: Metadata | undefined): PromptWork<boolean> {
    const mode = metadata === undefined ? 0o755 : 0o700
    try {
      yield* settled(this.#options.promptness.reaching((atOnce) => makeDirectory(place, mode, atOnce)))
      return true
    } catch (error) {
      if (hasErrno(error, 'EEXIST')) return false
      throw error
    }
  }

  /** What a directory has that is there already, to be given back to it. What is made in it must not inherit an ACL meanwhile. */
  *#asFound(descriptor: number, keepsTime: boolean): PromptWork<Metadata | undefined> {
    const { system, promptness } = this.#options
    const { mode, uid, gid, mtimeNs } = system.stat(descriptor)
    const acl = yield* settled(promptness.reaching((atOnce) => system.attribute(descriptor, defaultAcl, atOnce)))
    if (acl !== undefined) yield* settled(system.removeAttribute(descriptor, defaultAcl))
    if (acl === undefined && !keepsTime) return undefined
    const attributes = acl === undefined ? [] : [{ name: defaultAcl, value: acl }]
    return { mode, uid, gid, mtimeNs: keepsTime ? mtimeNs : undefined, attributes }
  }

  #leave(): void {
    const folder = this.#stack.pop()
    if (folder === undefined) return
    const { pool } = this.#options
    try {
      const completing = promptly(this.#complete(folder))
      if (completing === undefined) return
      const end = pool.follow(completing).then(() => {
        this.#closing.delete(folder.path)
        parent?.tasks.delete(end)
      })
      const parent = this.#stack.at(-1)
      parent?.tasks.add(end)
      this.#closing.set(folder.path, end)
    } catch (error) {
      // The others are to be left all the same.
      pool.fail(error)
    }
  }

  *#complete({ path, descriptor, tasks, metadata }: OpenFolder): PromptWork<void> {
    try {
      while (tasks.size > 0) yield* settled(Promise.all(tasks))
      this.#options.pool.check()
      if (metadata !== undefined) yield* this.#options.keeper.apply(descriptor, path, metadata)
    } catch (error) {
      throw treeError(error, 'cannot finish the directory', { ...this.#options.step, path })
    } finally {
      closeSync(descriptor)
    }
  }

  #tooDeep(path: ByteName): PouchError {
    const { op, root } = this.#options.step
    const message = `directories are more than ${mostDepth} deep, at ${shownName(path.slice(0, 80))}…; move them up`
    return new PouchError('unsupported', message, { op, subject: root })
  }
}

function isAtOrAbove(folder: ByteName, path: ByteName): boolean {
  return folder === '' || folder === path || path.startsWith(`${folder}/`)
}

function nextPart(folder: ByteName, path: ByteName): ByteName {
  const rest = folder === '' ? path : path.slice(folder.length + 1)
  const slash = rest.indexOf('/')
  return slash < 0 ? rest : rest.slice(0, slash)
}
