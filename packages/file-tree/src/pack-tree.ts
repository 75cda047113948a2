import { readPieces } from './file-content.js'
import type { FoundEntry } from './found-entry.js'
import { ownBuffer, pieceBuffers, type TakeBuffer } from './piece-buffers.js'
import { Progress } from './progress.js'
import { dataBytes, type Extent, extentsOf, hasHoles } from './sparse-map.js'
import { SystemCalls } from './system-calls.js'
import { type MemberData, memberHeader } from './tar/member-header.js'
import { blockBytes, paddingOf } from './tar/tar-header.js'
import type { TreeCall } from './tree-call.js'
import { treeError } from './tree-error.js'
import { TreeWalk } from './tree-walk.js'

/** How to pack. */
export interface PackOptions extends TreeCall {
  /**
   * `owned` (the default): a chunk is the caller's for good. `borrowed`: it is overwritten once the next one is asked for, which takes much less
   * from memory; for whoever is done with each chunk by then.
   */
  readonly chunks?: 'owned' | 'borrowed' | undefined
}

const op = 'tree.pack'
const inlineBytes = 65536
const chunkBytes = 256 * 1024
/** GNU tar's and pax's. */
const recordBytes = 20 * blockBytes
const zeros = Buffer.alloc(recordBytes)

/**
 * A directory as a tar archive (pax), in chunks of up to 1 MiB. Kept of each file are its owners by number, permissions, the time of its last
 * change to the nanosecond, extended attributes and ACLs, hard links, holes, devices and FIFOs. Sockets and what is mounted
 * below are left out with a warning. A file that changes while it is read is as long in the archive as it was at first, with a
 * warning. The same tree is the same archive, save for directories of more than 4096 entries, which are in the file system's order.
 *
 * @param root absolute; must not be a symbolic link
 * @throws PouchError while it is read: `not-found`, `permission-denied`, `unsupported` where koffi cannot be loaded, `aborted`
 */
export async function* packTree(root: string, options: PackOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const progress = new Progress(op, root, options)
  progress.check()
  const system = await SystemCalls.load(op, options.loadKoffi)
  const walk = new TreeWalk({ op, root, system, progress, inlineBytes: () => inlineBytes })
  const archive = new Archive(root, system, progress, options.chunks === 'borrowed' ? pieceBuffers() : ownBuffer)
  for await (const entry of walk.entries()) {
    try {
      yield* archive.add(entry)
    } finally {
      entry.close()
    }
  }
  yield* archive.end()
  progress.finish()
}

/** Gathers what is small into larger chunks. */
class Archive {
  readonly #root: string
  readonly #system: SystemCalls
  readonly #progress: Progress
  readonly #take: TakeBuffer
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #totalBytes = 0

  constructor(root: string, system: SystemCalls, progress: Progress, take: TakeBuffer) {
    this.#root = root
    this.#system = system
    this.#progress = progress
    this.#take = take
  }

  async *add(entry: FoundEntry): AsyncGenerator<Uint8Array> {
    const { stat, content, descriptor, linkOf } = entry
    if (stat.kind !== 'file' || linkOf !== undefined) this.#put(memberHeader(entry, { storedBytes: 0 }))
    else if (content !== undefined) this.#whole(entry, content)
    else if (descriptor !== undefined) yield* this.#streamed(entry, descriptor)
    this.#progress.entry()
    if (this.#pendingBytes >= chunkBytes) yield this.#drain()
  }

  *end(): Generator<Uint8Array> {
    this.#put(zeros.subarray(0, 2 * blockBytes))
    const over = this.#totalBytes % recordBytes
    if (over > 0) this.#put(zeros.subarray(0, recordBytes - over))
    yield this.#drain()
  }

  #whole(entry: FoundEntry, content: Buffer): void {
    const { size } = entry.stat
    this.#put(memberHeader(entry, { storedBytes: size }))
    this.#put(content.length > size ? content.subarray(0, size) : content)
    if (content.length < size) this.#put(Buffer.alloc(size - content.length))
    if (content.length !== size) this.#warnChanged(entry, content.length < size)
    this.#put(zeros.subarray(0, paddingOf(size)))
    this.#progress.content(size)
  }

  async *#streamed(entry: FoundEntry, descriptor: number): AsyncGenerator<Uint8Array> {
    const { size, diskBytes } = entry.stat
    try {
      const extents = await extentsOf(this.#system, descriptor, size, diskBytes)
      const map = hasHoles(extents, size) ? encodeMap(extents, size) : undefined
      const bytes = dataBytes(extents)
      const data: MemberData = { storedBytes: bytes + (map?.length ?? 0), ...(map && { sparseBytes: size }) }
      this.#put(memberHeader(entry, data))
      if (map !== undefined) this.#put(map)
      let missing = 0
      for await (const { data, missingBytes } of readPieces(descriptor, extents, this.#take)) {
        missing += missingBytes
        this.#progress.content(data.length)
        // What waits for more to come must outlive the buffer that it is in.
        this.#put(data.length < chunkBytes ? Buffer.from(data) : data)
        if (this.#pendingBytes >= chunkBytes) yield* this.#drainParts()
      }
      this.#put(zeros.subarray(0, paddingOf(bytes)))
      this.#checkUnchanged(entry, descriptor, missing > 0)
    } catch (error) {
      throw treeError(error, 'cannot read', { op, root: this.#root, path: entry.path })
    }
  }

  #checkUnchanged(entry: FoundEntry, descriptor: number, isShort: boolean): void {
    const { size, mtimeNs } = this.#system.stat(descriptor)
    if (isShort || size !== entry.stat.size || mtimeNs !== entry.stat.mtimeNs) this.#warnChanged(entry, isShort)
  }

  #warnChanged(entry: FoundEntry, isShort: boolean): void {
    const why = isShort ? 'it shrank while it was read; zeros are in its place' : 'it changed while it was read'
    this.#progress.warn('changed', entry.path, why)
  }

  #put(data: Uint8Array): void {
    this.#pending.push(data)
    this.#pendingBytes += data.length
    this.#totalBytes += data.length
  }

  #drain(): Uint8Array {
    const chunk = Buffer.concat(this.#pending, this.#pendingBytes)
    this.#pending = []
    this.#pendingBytes = 0
    return chunk
  }

  /** Large pieces go out as they are; copying them would cost as much as reading them. */
  *#drainParts(): Generator<Uint8Array> {
    const last = this.#pending.pop()
    if (last === undefined) return
    this.#pendingBytes -= last.length
    if (this.#pendingBytes > 0) yield this.#drain()
    yield last
  }
}

/** The map that goes before the data of a sparse file: how many pieces, then offset and length of each, a number a line. */
function encodeMap(extents: readonly Extent[], size: number): Buffer {
  const last = extents.at(-1)
  // GNU tar marks a hole at the end by an empty piece.
  const all =
    last !== undefined && last.offset + last.length === size ? extents : [...extents, { offset: size, length: 0 }]
  const text = `${all.length}\n${all.map(({ offset, length }) => `${offset}\n${length}\n`).join('')}`
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(paddingOf(text.length))])
}
