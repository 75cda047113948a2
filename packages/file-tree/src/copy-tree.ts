import { realpath } from 'node:fs/promises'
import { sep } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { ByteName } from './byte-name.js'
import { dataRanges } from './data-ranges.js'
import { ftruncate, writeFully } from './descriptor.js'
import { readPieces } from './file-content.js'
import type { FoundEntry } from './found-entry.js'
import { Progress } from './progress.js'
import { type PromptWork, promptly, settled } from './prompt-work.js'
import { type Extent, extentsOf } from './sparse-map.js'
import { SystemCalls } from './system-calls.js'
import type { TreeTotals, WriteTreeCall } from './tree-call.js'
import { treeError } from './tree-error.js'
import { TreeWalk } from './tree-walk.js'
import { TreeWriter } from './tree-writer.js'

/** How to copy. */
export interface CopyOptions extends WriteTreeCall {
  /** What becomes of a file that is there under a name: it is replaced (the default), or the copy ends with `already-exists`. */
  readonly existing?: 'replace' | 'refuse' | undefined
  /** Whether an extended attribute is to be copied; all that can be, unless given. */
  readonly keepsAttribute?: ((name: string) => boolean) | undefined
  /** `from-zeros`: pages of zeros become holes too, where files are not reflinks. `as-found` unless given. */
  readonly holes?: 'as-found' | 'from-zeros' | undefined
}

/** What was copied, and how. */
export interface CopyOutcome extends TreeTotals {
  /** `reflink`: every file shares its blocks with its source until one of the two is written to. `copy`: some take up space of their own. */
  readonly method: 'reflink' | 'copy'
}

const op = 'tree.copy'
const inlineBytes = 65536
const rangeBytes = 16 * 1024 * 1024
/** Files that share their blocks with their sources wait for little, and so go several at a time whatever their size. */
const isSmall = (size: number) => size <= inlineBytes

/**
 * Copies what is in a directory into another one, which exists, and brings it to the disk before it resolves. Kept is what
 * {@link packTree} keeps. Files are reflinks where the file system has them; else the kernel copies their data, and leaves out the holes.
 * What was copied before a failure stays, and is the caller's to remove.
 *
 * @param from absolute; must not be a symbolic link
 * @param to absolute, and not below `from`
 * @throws PouchError `not-found`, `permission-denied`, `invalid-argument`, `exhausted` when the disk or a quota is full, `unsupported`
 *   where koffi cannot be loaded, `aborted`
 */
export async function copyTree(from: string, to: string, options: CopyOptions = {}): Promise<CopyOutcome> {
  const progress = new Progress(op, from, options)
  progress.check()
  const system = await SystemCalls.load(op, options.loadKoffi)
  await refuseInside(from, to)
  const { ownership = 'keep', existing = 'replace' } = options
  const writer = await TreeWriter.open({ op, root: to, system, progress, ownership, existing })
  try {
    const copying = new Copying(from, system, writer, progress, options)
    const inline = () => (copying.mayClone ? 0 : inlineBytes)
    const walk = new TreeWalk({ op, root: from, system, progress, inlineBytes: inline })
    for await (const entry of walk.entries()) await copying.add(entry)
    await writer.finish()
    return Object.freeze({ ...progress.finish(), method: copying.method })
  } catch (error) {
    throw treeError(error, 'cannot copy to', { op, root: to })
  } finally {
    await writer.close()
  }
}

class Copying {
  readonly #from: string
  readonly #system: SystemCalls
  readonly #writer: TreeWriter
  readonly #progress: Progress
  readonly #options: CopyOptions
  #canClone = true
  #cloned = 0
  #copied = 0

  constructor(from: string, system: SystemCalls, writer: TreeWriter, progress: Progress, options: CopyOptions) {
    this.#from = from
    this.#system = system
    this.#writer = writer
    this.#progress = progress
    this.#options = options
  }

  /** Whether no file has shown yet that the two places share no blocks. */
  get mayClone(): boolean {
    return this.#canClone
  }

  get method(): 'reflink' | 'copy' {
    return this.#cloned > 0 && this.#copied === 0 ? 'reflink' : 'copy'
  }

  /** The entry is closed when it was copied, which may be later. */
  async add(entry: FoundEntry): Promise<void> {
    const { path, stat, linkOf, target } = entry
    const keeps = this.#options.keepsAttribute
    const attributes = keeps === undefined ? entry.attributes : entry.attributes.filter(({ name }) => keeps(name))
    // Each field by its name: V8 makes such an object many times as fast as a spread one.
    const { mode, uid, gid, mtimeNs } = stat
    const metadata = { mode, uid, gid, mtimeNs, attributes }
    if (linkOf !== undefined) {
      entry.close()
      await this.#writer.link(path, linkOf)
    } else if (stat.kind === 'file') await this.#file(entry, metadata)
    else if (stat.kind === 'directory') await this.#writer.directory(path, metadata)
    else if (stat.kind === 'symlink') await this.#writer.symlink(path, metadata, target ?? '')
    else if (stat.kind !== 'socket') await this.#writer.special(path, metadata, { ...stat, kind: stat.kind })
    this.#progress.entry()
  }

  async #file(entry: FoundEntry, metadata: Parameters<TreeWriter['file']>[1]): Promise<void> {
    const background = this.#canClone || isSmall(entry.stat.size)
    const fill = (target: number) => promptly(this.#fill(entry, target))
    try {
      await this.#writer.file(entry.path, metadata, fill, { background, release: () => entry.close() })
    } catch (error) {
      entry.close()
      throw error
    }
  }

  *#fill(entry: FoundEntry, target: number): PromptWork<void> {
    const { path, stat, content, descriptor } = entry
    if (content !== undefined) {
      yield* settled(this.#writer.write(target, content.length > stat.size ? content.subarray(0, stat.size) : content))
      if (content.length < stat.size) yield* settled(ftruncate(target, stat.size))
      if (content.length !== stat.size) this.#warnChanged(path)
      if (stat.size > 0) this.#copied += 1
      this.#progress.content(stat.size)
      return
    }
    if (descriptor === undefined) return
    if (this.#canClone && (yield* settled(this.#system.clone(descriptor, target)))) {
      this.#cloned += 1
      this.#progress.content(stat.size)
    } else {
      this.#canClone = false
      this.#copied += 1
      yield* settled(this.#copyData(entry, descriptor, target))
    }
    const now = this.#system.stat(descriptor)
    if (now.size !== stat.size || now.mtimeNs !== stat.mtimeNs) this.#warnChanged(path)
  }

  async #copyData({ stat }: FoundEntry, source: number, target: number): Promise<void> {
    const { size } = stat
    const extents = await extentsOf(this.#system, source, size, stat.diskBytes)
    const makesHoles = this.#options.holes === 'from-zeros'
    for (const extent of extents) {
      if (makesHoles) await this.#copyByHand(source, target, extent)
      else await this.#copyExtent(source, target, extent)
    }
    // Also cuts off nothing: holes at the end, and what the source has lost meanwhile.
    await ftruncate(target, size)
  }

  async #copyExtent(source: number, target: number, { offset, length }: Extent): Promise<void> {
    for (let done = 0; done < length; ) {
      this.#progress.check()
      const most = Math.min(rangeBytes, length - done)
      const count = await this.#system.copyRange(source, target, offset + done, most)
      if (count === undefined) {
        await this.#copyByHand(source, target, { offset: offset + done, length: length - done })
        return
      }
      if (count === 0) return
      done += count
      this.#progress.content(count)
    }
  }

  /** Between file systems that the kernel does not copy between, and where what is copied has to be looked at. */
  async #copyByHand(source: number, target: number, extent: Extent): Promise<void> {
    for await (const { offset, data, missingBytes } of readPieces(source, [extent])) {
      const found = data.subarray(0, data.length - missingBytes)
      const ranges = this.#options.holes === 'from-zeros' ? dataRanges(found) : [{ start: 0, end: found.length }]
      for (const { start, end } of ranges) await writeFully(target, found.subarray(start, end), offset + start)
      this.#progress.content(data.length - missingBytes)
    }
  }

  #warnChanged(path: ByteName): void {
    this.#progress.warn('changed', path, `it changed in ${this.#from} while it was copied`)
  }
}

/** A tree that is copied into itself has no end. */
async function refuseInside(from: string, to: string): Promise<void> {
  try {
    const [source, target] = await Promise.all([realpath(from), realpath(to)])
    if (target !== source && !target.startsWith(source.endsWith(sep) ? source : `${source}${sep}`)) return
  } catch (error) {
    throw treeError(error, 'cannot copy from', { op, root: from })
  }
  throw new PouchError('invalid-argument', `${to} lies in ${from}, which is copied; choose another place`, {
    op,
    subject: to,
  })
}
