import { PouchError } from '@pouch/errors'
import type { AccountLookup } from '../acl-text.js'
import type { ByteName } from '../byte-name.js'
import type { TreeWarningCode } from '../tree-call.js'
import type { ByteReader } from './byte-reader.js'
import type { Member } from './member.js'
import { memberOf } from './member-of.js'
import { corrupt, isZeroBlock, parseHeader, type RawHeader } from './parse-header.js'
import { type PaxRecord, parseRecords } from './pax-records.js'
import { oldSparseMap, paxSparseMap } from './sparse-header.js'
import { blockBytes, paddingOf } from './tar-header.js'

/** Told of what is passed over. */
export type ArchiveWarning = (code: TreeWarningCode, name: ByteName, why: string) => void

interface Extensions {
  /** Of all members from here on. */
  global: readonly PaxRecord[]
  local: readonly PaxRecord[]
  longName: ByteName | undefined
  longLink: ByteName | undefined
  count: number
}

/** An extended header, or a long name: larger than any file's attributes and names. */
const mostExtensionBytes = 16 * 1024 * 1024
/** Headers that belong to one member. */
const mostExtensions = 16

/**
 * Reads a tar archive: V7, ustar, pax and GNU's forms. Nothing in it is trusted; every number is bounded before it is used.
 *
 * For each member that {@link next} tells, its data is to be read or {@link skipData} called before the next one.
 */
export class ArchiveReader {
  readonly #reader: ByteReader
  readonly #accounts: AccountLookup
  readonly #warn: ArchiveWarning
  readonly #extensions: Extensions = { global: [], local: [], longName: undefined, longLink: undefined, count: 0 }
  #dataLeft = 0
  #padding = 0

  /** @param accounts this host's users and groups, for ACLs by name */
  constructor(reader: ByteReader, accounts: AccountLookup, warn: ArchiveWarning) {
    this.#reader = reader
    this.#accounts = accounts
    this.#warn = warn
  }

  /** The next member; `undefined` after the mark of the end. @throws PouchError `corrupt`, `unsupported` */
  async next(): Promise<Member | undefined> {
    for (;;) {
      await this.skipData()
      const offset = this.#reader.offset
      const block = await this.#reader.readOrEnd(blockBytes)
      if (block === undefined) throw this.#noEnd(offset)
      if (isZeroBlock(block)) return await this.#end()
      // The chunk that it is part of may be gone when the sparse map is read.
      const header = parseHeader(Buffer.from(block), offset)
      if (await this.#isExtension(header, offset)) continue
      const member = await this.#member(header, offset)
      if (member !== undefined) return member
    }
  }

  /** The next bytes of the member's data, which has as many left. */
  async readInto(target: Buffer): Promise<void> {
    await this.#reader.readInto(target)
    this.#dataLeft -= target.length
  }

  /** All of the member's data that was not read yet. */
  async readAll(): Promise<Buffer> {
    const data = await this.#reader.read(this.#dataLeft)
    this.#dataLeft = 0
    return data
  }

  async skipData(): Promise<void> {
    await this.#reader.skip(this.#dataLeft + this.#padding)
    this.#dataLeft = 0
    this.#padding = 0
  }

  async #isExtension(header: RawHeader, offset: number): Promise<boolean> {
    if (!/^[gxXLK]$/.test(header.type)) return false
    this.#extensions.count += 1
    if (this.#extensions.count > mostExtensions || header.size > mostExtensionBytes) {
      throw corrupt('an entry has extended headers beyond all bounds', offset)
    }
    const start = this.#reader.offset
    const data = await this.#reader.read(header.size)
    if (header.type === 'g') this.#extensions.global = merged(this.#extensions.global, parseRecords(data, start))
    else if (header.type === 'L') this.#extensions.longName = longName(data)
    else if (header.type === 'K') this.#extensions.longLink = longName(data)
    else this.#extensions.local = [...this.#extensions.local, ...parseRecords(data, start)]
    this.#padding = paddingOf(header.size)
    return true
  }

  async #member(header: RawHeader, offset: number): Promise<Member | undefined> {
    const extensions = this.#extensions
    const records = [...extensions.global, ...extensions.local]
    const described = { header, records, longName: extensions.longName, longLink: extensions.longLink, offset }
    Object.assign(extensions, { local: [], longName: undefined, longLink: undefined, count: 0 })
    const member = memberOf(described, this.#accounts, (name, why) => this.#warn('archive', name, why))
    // What carries no data may have a size all the same, which old programs left there.
    const storedBytes = member.storedBytes
    this.#padding = paddingOf(storedBytes)
    this.#dataLeft = storedBytes
    if (member.entry === undefined || member.entry.kind !== 'file') return member.entry
    const map =
      header.type === 'S'
        ? await oldSparseMap(header, this.#reader, offset)
        : await paxSparseMap(records, storedBytes, this.#reader, offset)
    if (map === undefined) return member.entry
    this.#dataLeft -= map.mapBytes
    return { ...member.entry, size: map.size, extents: map.extents }
  }

  /** One block of zeros is the end, as some write it; there are two as a rule. What follows belongs to nobody. */
  async #end(): Promise<undefined> {
    if (this.#extensions.count > 0) throw corrupt('an extended header has no entry', this.#reader.offset - blockBytes)
    const offset = this.#reader.offset
    const block = await this.#reader.readOrEnd(blockBytes)
    if (block !== undefined && !isZeroBlock(block)) throw corrupt('an entry follows the mark of the end', offset)
    await this.#reader.drain()
    return undefined
  }

  #noEnd(offset: number): PouchError {
    const message =
      offset === 0
        ? 'the archive is empty: not even its end is there; get it again'
        : `the archive ends at offset ${offset} without the mark of its end, so that entries may be missing; get it again`
    return new PouchError('corrupt', message, { op: 'tree.unpack', details: { offset } })
  }
}

/** A later record of the same keyword replaces an earlier one. Bounded, since each header may bring more. */
function merged(before: readonly PaxRecord[], more: readonly PaxRecord[]): readonly PaxRecord[] {
  return [...new Map([...before, ...more])].slice(-1024)
}

function longName(data: Buffer): ByteName {
  const end = data.indexOf(0)
  return data.toString('latin1', 0, end < 0 ? data.length : end)
}
