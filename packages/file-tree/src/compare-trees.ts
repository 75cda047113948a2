import { closeSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { hasErrno } from '@pouch/errors'
import { type ByteName, folderOf, joinName, lastOf, shownName } from './byte-name.js'
import { open, openFlags, placeOf, sameAs } from './descriptor.js'
import { type Difference, type DifferenceKind, hasSameContent, metadataDifference } from './entry-difference.js'
import { EntryReader } from './entry-reader.js'
import { fileId } from './file-stat.js'
import { filesystemSpeed } from './filesystem-speed.js'
import { FolderTrail } from './folder-trail.js'
import { FoundEntry } from './found-entry.js'
import { hasLostAndFound, lostAndFound } from './lost-and-found.js'
import { Progress } from './progress.js'
import { Promptness } from './promptness.js'
import { SystemCalls } from './system-calls.js'
import type { Ownership, TreeCall } from './tree-call.js'
import { treeError } from './tree-error.js'
import { openRoot } from './tree-root.js'
import { TreeWalk } from './tree-walk.js'

/** How to compare. */
export interface CompareOptions extends Pick<TreeCall, 'signal' | 'onProgress' | 'loadKoffi'> {
  /** How many differences to look for; 10 unless given. */
  readonly most?: number | undefined
  /** With `caller`, owners and set-user-id bits are not compared. */
  readonly ownership?: Ownership | undefined
}

/** Something that is not the same in two trees. */
export interface TreeDifference {
  /** Relative to the roots; `.` is the root. */
  readonly path: string
  /** `missing`: in the first tree alone. `extra`: in the second alone. `attributes`: extended ones, and ACLs. */
  readonly what: DifferenceKind
  /** A sentence for a person. */
  readonly message: string
}

const op = 'tree.compare'
const inlineBytes = 65536
const width = 16
const chunkNames = 4096

/**
 * The first differences of two directories: names, kinds, permissions, owners, times, attributes, hard links, and content byte by byte.
 * Empty when the second holds what the first does. Sockets and what is mounted below are no part of either.
 *
 * @param a absolute; must not be a symbolic link
 * @param b likewise
 * @throws PouchError `not-found`, `permission-denied`, `unsupported` where koffi cannot be loaded, `aborted`
 */
export async function compareTrees(
  a: string,
  b: string,
  options: CompareOptions = {},
): Promise<readonly TreeDifference[]> {
  const progress = new Progress(op, a, { signal: options.signal, onProgress: options.onProgress })
  progress.check()
  const system = await SystemCalls.load(op, options.loadKoffi)
  const trailA = new FolderTrail(await openRoot(a, op))
  try {
    const trailB = new FolderTrail(await openRoot(b, op))
    try {
      const comparison = new Comparison({ b, system, progress, trailA, trailB, options })
      const walk = new TreeWalk({ op, root: a, system, progress, inlineBytes: () => inlineBytes })
      return await comparison.of(walk)
    } finally {
      trailB.close()
    }
  } finally {
    trailA.close()
  }
}

interface ComparisonParts {
  readonly b: string
  readonly system: SystemCalls
  readonly progress: Progress
  readonly trailA: FolderTrail
  readonly trailB: FolderTrail
  readonly options: CompareOptions
}

class Comparison {
  readonly #parts: ComparisonParts
  readonly #found: TreeDifference[] = []
  /** The second tree's file for each of the first that has several names. */
  readonly #links = new Map<ByteName, string>()
  readonly #most: number

  constructor(parts: ComparisonParts) {
    this.#parts = parts
    this.#most = parts.options.most ?? 10
  }

  async of(walk: TreeWalk): Promise<readonly TreeDifference[]> {
    const reader = await this.#reader()
    let batch: FoundEntry[] = []
    try {
      for await (const entry of walk.entries()) {
        const isDirectory = entry.stat.kind === 'directory'
        const isFull =
          batch.length === width || (batch[0] !== undefined && folderOf(batch[0].path) !== folderOf(entry.path))
        if (isDirectory || isFull) await this.#compare(reader, batch.splice(0))
        if (this.#isDone) break
        if (isDirectory) await this.#folder(reader, entry)
        else batch.push(entry)
        if (this.#isDone) break
      }
      if (!this.#isDone) await this.#compare(reader, batch.splice(0))
      this.#parts.progress.finish()
      return Object.freeze(this.#found.slice(0, this.#most))
    } catch (error) {
      throw treeError(error, 'cannot compare', { op, root: this.#parts.b })
    } finally {
      for (const entry of batch) entry.close()
      batch = []
    }
  }

  get #isDone(): boolean {
    return this.#found.length >= this.#most
  }

  async #compare(reader: EntryReader, batch: readonly FoundEntry[]): Promise<void> {
    const [first] = batch
    if (first === undefined) return
    try {
      const folder = await this.#reachB(folderOf(first.path))
      const pairs = batch.map(async (entry) => await this.#pair(reader, entry, folder))
      // All of them have ended before their files are closed.
      await Promise.allSettled(pairs)
      for (const [index, difference] of (await Promise.all(pairs)).entries()) {
        const entry = batch[index]
        if (entry !== undefined && difference !== undefined) this.#tell(entry.path, difference)
        this.#parts.progress.entry()
      }
    } finally {
      for (const entry of batch) entry.close()
    }
  }

  async #pair(reader: EntryReader, a: FoundEntry, folder: number | undefined): Promise<Difference | undefined> {
    const b = folder === undefined ? undefined : await reader.read(folder, lastOf(a.path), a.path)
    if (b === undefined) return missing
    if (b === 'directory') return ['kind', `a ${a.stat.kind} and a directory`]
    try {
      const difference = metadataDifference(a, b, this.#ownership) ?? this.#linkDifference(a, b)
      if (difference !== undefined || a.stat.kind !== 'file' || a.linkOf !== undefined) return difference
      const { system, progress } = this.#parts
      const isSame = await hasSameContent(system, a, b, (bytes) => progress.content(bytes))
      return isSame ? undefined : ['content', 'it does not hold the same bytes']
    } finally {
      b.close()
    }
  }

  #linkDifference(a: FoundEntry, b: FoundEntry): Difference | undefined {
    if (a.linkOf !== undefined) {
      const isSame = this.#links.get(a.linkOf) === fileId(b.stat)
      return isSame ? undefined : ['links', `it is a hard link to '${shownName(a.linkOf)}' in the first alone`]
    }
    if (a.stat.links > 1) this.#links.set(a.path, fileId(b.stat))
    else if (b.stat.links > 1) return ['links', 'it has other names in the second alone']
    return undefined
  }

  async #folder(reader: EntryReader, a: FoundEntry): Promise<void> {
    const found = await this.#openB(reader, a)
    if (found === undefined) {
      this.#tell(a.path, missing)
      return
    }
    const difference = metadataDifference(a, found, this.#ownership)
    if (difference !== undefined) this.#tell(a.path, difference)
    if (found.stat.kind === 'directory' && !this.#isDone && (!a.stat.isMountRoot || a.path === ''))
      await this.#extras(a.path)
    this.#parts.progress.entry()
  }

  async #openB(reader: EntryReader, a: FoundEntry): Promise<FoundEntry | undefined> {
    const { system, trailB } = this.#parts
    if (a.path === '') {
      const root = await trailB.reach('')
      return new FoundEntry({ path: '', stat: system.stat(root), attributes: await reader.attributes(root) })
    }
    const parent = await this.#reachB(folderOf(a.path))
    if (parent === undefined) return undefined
    const found = await reader.openFolder(parent, lastOf(a.path), a.path)
    if (found?.descriptor !== undefined) closeSync(found.descriptor)
    return found?.entry
  }

  /** What the second tree's directory has beyond the first's. */
  async #extras(path: ByteName): Promise<void> {
    const { system, progress, trailA, trailB } = this.#parts
    const [folderA, folderB] = [await trailA.reach(path), await trailB.reach(path)]
    const isIgnored = path === '' && (await hasLostAndFound(system, folderB)) ? lostAndFound : undefined
    for await (const entry of await opendir(sameAs(folderB), { encoding: 'latin1', bufferSize: chunkNames })) {
      progress.check()
      await progress.pause()
      if (entry.isSocket() || entry.name === isIgnored || (await isThere(system, folderA, entry.name))) continue
      this.#tell(joinName(path, entry.name), ['extra', 'it is in the second alone'])
      if (this.#isDone) return
    }
  }

  async #reachB(path: ByteName): Promise<number | undefined> {
    try {
      return await this.#parts.trailB.reach(path)
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
      throw error
    }
  }

  async #reader(): Promise<EntryReader> {
    const { b, system, trailB } = this.#parts
    const promptness = new Promptness(await filesystemSpeed(sameAs(await trailB.reach(''))))
    // What is not there is missing, and told as that.
    const onChanged = () => undefined
    return new EntryReader({ op, root: b, system, promptness, inlineBytes: () => inlineBytes, onChanged })
  }

  #tell(path: ByteName, [what, detail]: Difference): void {
    const shown = shownName(path)
    this.#found.push(Object.freeze({ path: shown, what, message: `${shown}: ${detail}` }))
  }

  get #ownership(): Ownership {
    return this.#parts.options.ownership ?? 'keep'
  }
}

const missing: Difference = ['missing', 'it is in the first alone']

async function isThere(system: SystemCalls, folder: number, name: ByteName): Promise<boolean> {
  try {
    closeSync(system.holdCached(folder, name) ?? (await open(placeOf(folder, name), openFlags.place)))
    return true
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw error
  }
}
