import { closeSync, type Dir, opendirSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { type ByteName, joinName, shownName } from './byte-name.js'
import { sameAs } from './descriptor.js'
import { EntryReader, type Found } from './entry-reader.js'
import { fileId } from './file-stat.js'
import { filesystemSpeed } from './filesystem-speed.js'
import { FoundEntry } from './found-entry.js'
import { hasLostAndFound, lostAndFound } from './lost-and-found.js'
import { ordered } from './ordered.js'
import type { Progress } from './progress.js'
import { Promptness } from './promptness.js'
import type { SystemCalls } from './system-calls.js'
import { treeError } from './tree-error.js'
import { openRoot } from './tree-root.js'

/** What a {@link TreeWalk} works with. */
export interface TreeWalkOptions {
  readonly op: string
  readonly root: string
  readonly system: SystemCalls
  readonly progress: Progress
  /** Files up to this size are read on the way, several at a time; asked for each. */
  readonly inlineBytes: () => number
}

interface Folder {
  readonly path: ByteName
  readonly descriptor: number
  readonly names: Dir
  /** Directories of the names that were read last, in reverse. */
  folders: ByteName[]
  ended: boolean
}

/** As many names of one directory are in memory, and in order, at a time. */
const chunkNames = 4096
/** So many are asked of the system at a time, with memory for all of them. */
const listNames = 256
const width = 16
/** A directory holds two descriptors while what is in it is walked. */
const mostDepth = 1024

/**
 * All entries of a tree, from the root down, a directory before what is in it. Nothing outside is ever opened: each step goes from an
 * open directory to one name in it, follows no link, and enters nothing that is mounted there.
 *
 * In a directory the files come first, by the bytes of their names, then the directories. One with more than 4096 entries is taken in
 * pieces of that many, as the file system lists them.
 */
export class TreeWalk {
  readonly #options: TreeWalkOptions
  #promptness = new Promptness('remote')
  readonly #links = new Map<string, { readonly path: ByteName; left: number }>()

  constructor(options: TreeWalkOptions) {
    this.#options = options
  }

  /** Every entry is the caller's to close. Sockets, what vanished, and what is mounted below are left out with a warning. */
  async *entries(): AsyncGenerator<FoundEntry, void, undefined> {
    const { root, op, system, progress } = this.#options
    const stack: Folder[] = []
    const descriptor = await openRoot(root, op)
    try {
      const reader = await this.#reader(descriptor)
      const attributes = await reader.attributes(descriptor)
      yield new FoundEntry({ path: '', stat: system.stat(descriptor), attributes })
      stack.push(await this.#folder('', descriptor))
      for (let folder = stack.at(-1); folder !== undefined; folder = stack.at(-1)) {
        progress.check()
        if (progress.isPauseDue) await progress.pause()
        const name = folder.folders.pop()
        if (name !== undefined) yield* this.#enter(reader, folder, name, stack)
        else if (!folder.ended) yield* this.#chunk(reader, folder)
        else if (folder.path !== '') leave(stack.pop())
        else break
      }
    } catch (error) {
      throw treeError(error, 'cannot read', { op, root })
    } finally {
      for (const folder of stack.slice(1)) leave(folder)
      stack[0]?.names.closeSync()
      closeSync(descriptor)
    }
  }

  async *#enter(reader: EntryReader, parent: Folder, name: ByteName, stack: Folder[]): AsyncGenerator<FoundEntry> {
    const path = joinName(parent.path, name)
    if (stack.length >= mostDepth) throw this.#tooDeep(path)
    if (path === lostAndFound && (await hasLostAndFound(this.#options.system, parent.descriptor))) return
    const found = await reader.openFolder(parent.descriptor, name, path)
    if (found === undefined) return
    let folder: Folder | undefined
    try {
      if (found.descriptor === undefined) {
        this.#options.progress.warn('other-filesystem', path, 'something is mounted here; what it holds is left out')
      } else folder = await this.#folder(path, found.descriptor)
      yield found.entry
      if (folder !== undefined) stack.push(folder)
    } finally {
      const isHeld = folder !== undefined && stack.at(-1) === folder
      if (!isHeld) folder?.names.closeSync()
      if (!isHeld && found.descriptor !== undefined) closeSync(found.descriptor)
    }
  }

  /** The next names of a directory: yields its files, keeps its directories for later. */
  async *#chunk(reader: EntryReader, folder: Folder): AsyncGenerator<FoundEntry> {
    const { files, folders } = await this.#names(folder)
    const read = (name: ByteName) => reader.read(folder.descriptor, name, joinName(folder.path, name))
    const discard = (found: Found) => {
      if (found instanceof FoundEntry) found.close()
    }
    let index = 0
    for await (const found of ordered(files, width, read, discard)) {
      const name = files[index++] ?? ''
      if (this.#options.progress.isPauseDue) await this.#options.progress.pause()
      // A file system that does not tell kinds in its listing.
      if (found === 'directory') folders.push(name)
      else if (found !== undefined && !this.#isLeftOut(found)) yield this.#withLink(found)
    }
    folder.folders = folders.sort().reverse()
  }

  async #names(folder: Folder): Promise<{ files: ByteName[]; folders: ByteName[] }> {
    const files: ByteName[] = []
    const folders: ByteName[] = []
    try {
      while (files.length + folders.length < chunkNames && !folder.ended) {
        const entry = await this.#promptness.reaching((atOnce) =>
          atOnce ? folder.names.readSync() : folder.names.read(),
        )
        if (entry === null) folder.ended = true
        else (entry.isDirectory() ? folders : files).push(entry.name)
      }
    } catch (error) {
      throw treeError(error, 'cannot list', { ...this.#options, path: folder.path })
    }
    return { files: files.sort(), folders }
  }

  #isLeftOut(entry: FoundEntry): boolean {
    const { progress } = this.#options
    if (entry.stat.isMountRoot)
      progress.warn('other-filesystem', entry.path, 'something is mounted here; it is left out')
    else if (entry.stat.kind === 'socket') progress.warn('socket', entry.path, 'a socket; it is left out')
    else return false
    entry.close()
    return true
  }

  #withLink(entry: FoundEntry): FoundEntry {
    const { links } = entry.stat
    if (links < 2) return entry
    const id = fileId(entry.stat)
    const seen = this.#links.get(id)
    if (seen === undefined) {
      this.#links.set(id, { path: entry.path, left: links - 1 })
      return entry
    }
    entry.linkOf = seen.path
    seen.left -= 1
    if (seen.left === 0) this.#links.delete(id)
    return entry
  }

  async #reader(descriptor: number): Promise<EntryReader> {
    const { progress } = this.#options
    this.#promptness = new Promptness(await filesystemSpeed(sameAs(descriptor)))
    return new EntryReader({
      ...this.#options,
      promptness: this.#promptness,
      onChanged: (path) => progress.warn('changed', path, 'it vanished or became something else; it is left out'),
    })
  }

  async #folder(path: ByteName, descriptor: number): Promise<Folder> {
    try {
      const options = { encoding: 'latin1', bufferSize: listNames } as const
      const names = await this.#promptness.reaching((atOnce) =>
        atOnce ? opendirSync(sameAs(descriptor), options) : opendir(sameAs(descriptor), options),
      )
      return { path, descriptor, names, folders: [], ended: false }
    } catch (error) {
      throw treeError(error, 'cannot list', { ...this.#options, path })
    }
  }

  #tooDeep(path: ByteName): PouchError {
    const { op, root } = this.#options
    const message = `directories in ${root} are more than ${mostDepth} deep, at ${shownName(path.slice(0, 80))}…; move them up`
    return new PouchError('unsupported', message, { op, subject: root })
  }
}

function leave(folder: Folder | undefined): void {
  if (folder === undefined) return
  closeSync(folder.descriptor)
  // Nothing waits for a disk here.
  folder.names.closeSync()
}
