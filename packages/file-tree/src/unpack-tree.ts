import { PouchError } from '@pouch/errors'
import { localAccounts } from './accounts.js'
import { shownName } from './byte-name.js'
import { ContentSlab } from './content-slab.js'
import { ftruncate, writeFully } from './descriptor.js'
import { entryPath } from './entry-path.js'
import { pieceBuffers, pieceBytes } from './piece-buffers.js'
import { Progress } from './progress.js'
import { SystemCalls } from './system-calls.js'
import { ArchiveReader } from './tar/archive-reader.js'
import { ByteReader } from './tar/byte-reader.js'
import type { Member } from './tar/member.js'
import type { TreeTotals, WriteTreeCall } from './tree-call.js'
import { treeError } from './tree-error.js'
import { TreeWriter } from './tree-writer.js'

/** Bounds of what an archive may make; past them it is refused with `exhausted`. Without a bound the file system is it. */
export interface UnpackLimits {
  /** Entries at most. */
  readonly entries?: number | undefined
  /** Bytes of content at most; holes are not counted. */
  readonly bytes?: number | undefined
}

/** How to unpack. */
export interface UnpackOptions extends WriteTreeCall {
  readonly limits?: UnpackLimits | undefined
}

const op = 'tree.unpack'
const inlineBytes = 65536

/**
 * Unpacks a tar archive into an existing directory, and brings it to the disk before it resolves. It reads V7, ustar, pax and GNU's
 * archives with long names and sparse files of every form; {@link decompressed} goes before it for compressed ones.
 *
 * Nothing leaves the directory: a name that is absolute or has `..`, one that leads through a link, and a hard link to what
 * was not unpacked before are refused. An entry replaces what has its name. What was unpacked before a failure stays, and
 * is the caller's to remove.
 *
 * @param root absolute; must not be a symbolic link
 * @throws PouchError `corrupt` with `details.offset` when the archive is damaged or ends early, `invalid-argument` naming the entry that would
 *   leave the directory, `exhausted` when a limit, a quota or the disk is full, `unsupported` for kinds of entries that it does not know and
 *   where koffi cannot be loaded, `aborted`
 */
export async function unpackTree(
  root: string,
  source: AsyncIterable<Uint8Array>,
  options: UnpackOptions = {},
): Promise<TreeTotals> {
  const progress = new Progress(op, root, options)
  progress.check()
  const system = await SystemCalls.load(op, options.loadKoffi)
  const writer = await TreeWriter.open({ op, root, system, progress, ownership: options.ownership ?? 'keep' })
  const reader = new ByteReader(source, () => progress.check())
  try {
    const accounts = await localAccounts()
    const archive = new ArchiveReader(reader, accounts, (code, name, why) => progress.warn(code, name, why))
    const unpacking = new Unpacking(archive, writer, progress, options.limits ?? {})
    for (let member = await archive.next(); member !== undefined; member = await archive.next()) {
      await unpacking.add(member)
      if (progress.isPauseDue) await progress.pause()
    }
    await writer.finish()
    return progress.finish()
  } catch (error) {
    throw treeError(error, 'cannot unpack into', { op, root })
  } finally {
    try {
      await writer.close()
    } finally {
      await reader.close()
    }
  }
}

class Unpacking {
  readonly #archive: ArchiveReader
  readonly #writer: TreeWriter
  readonly #progress: Progress
  readonly #limits: UnpackLimits
  readonly #take = pieceBuffers()
  readonly #slab = new ContentSlab()
  #entries = 0
  #bytes = 0

  constructor(archive: ArchiveReader, writer: TreeWriter, progress: Progress, limits: UnpackLimits) {
    this.#archive = archive
    this.#writer = writer
    this.#progress = progress
    this.#limits = limits
  }

  async add(member: Member): Promise<void> {
    const path = entryPath(member.name, 'the entry')
    this.#count(member)
    if (path === '' && member.kind !== 'directory') {
      const message = `the archive's entry '${shownName(member.name)}' would replace the directory itself; pack what is in it`
      throw new PouchError('invalid-argument', message, { op, subject: shownName(member.name) })
    }
    switch (member.kind) {
      case 'directory':
        await this.#writer.directory(path, member)
        break
      case 'symlink':
        await this.#writer.symlink(path, member, this.#target(member))
        break
      case 'link':
        await this.#writer.link(path, entryPath(member.linkName, `the hard link '${shownName(member.name)}' to`))
        break
      case 'file':
        await this.#file(path, member)
        break
      default:
        await this.#writer.special(path, member, { ...member, kind: member.kind })
    }
    this.#progress.entry()
  }

  async #file(path: string, member: Member): Promise<void> {
    const { size, extents } = member
    const [first] = extents
    const isPlain = size === 0 || (first?.offset === 0 && first.length === size)
    if (!isPlain || size > inlineBytes) {
      await this.#writer.file(path, member, async (descriptor) => await this.#stream(descriptor, member), {
        background: false,
      })
      return
    }
    // What the reader gives is the stream's own; this outlives it.
    const content = this.#slab.take(size)
    content.set(await this.#archive.readAll())
    const fill = (descriptor: number) => this.#writer.write(descriptor, content)
    await this.#writer.file(path, member, fill, { background: true })
    this.#progress.content(size)
  }

  /** Writes while the next piece is read. */
  async #stream(descriptor: number, { extents, size }: Member): Promise<void> {
    let writing: Promise<void> = Promise.resolve()
    try {
      for (const { offset, length } of extents) {
        for (let done = 0; done < length; ) {
          const piece = this.#take(Math.min(pieceBytes, length - done))
          await this.#archive.readInto(piece)
          await writing
          writing = writeFully(descriptor, piece, offset + done)
          // Its failure is thrown by the next await.
          writing.catch(() => undefined)
          done += piece.length
          this.#progress.content(piece.length)
        }
      }
    } finally {
      await writing
    }
    const last = extents.at(-1)
    if (last === undefined || last.offset + last.length < size) await ftruncate(descriptor, size)
  }

  #target({ name, linkName }: Member): string {
    if (linkName !== '' && !linkName.includes('\0')) return linkName
    const message = `the archive's symbolic link '${shownName(name)}' has no target that the system takes`
    throw new PouchError('invalid-argument', message, { op, subject: shownName(name) })
  }

  #count({ extents, name }: Member): void {
    const { entries = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = this.#limits
    this.#entries += 1
    this.#bytes += extents.reduce((sum, { length }) => sum + length, 0)
    if (this.#entries <= entries && this.#bytes <= bytes) return
    const bound = this.#entries > entries ? `${entries} entries` : `${bytes} bytes`
    const message = `the archive holds more than the ${bound} that it may, at '${shownName(name)}'; raise the limit or pack less`
    throw new PouchError('exhausted', message, { op, subject: shownName(name) })
  }
}
