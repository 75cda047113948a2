import { aclText } from '../acl-text.js'
import { type Attribute, accessAcl, defaultAcl } from '../attribute.js'
import { type ByteName, folderOf, isAscii, joinName, lastOf, utf8Of } from '../byte-name.js'
import type { FileKind } from '../file-stat.js'
import type { FoundEntry } from '../found-entry.js'
import { encodeRecords, type PaxRecord, paxTime } from './pax-records.js'
import { blockBytes, encodeHeader, fitsHeader, mostOctal, paddingOf, type TarHeader } from './tar-header.js'

const types: Readonly<Record<FileKind | 'link', string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
  socket: '',
}

/** The data that follows a header. */
export interface MemberData {
  /** Bytes in the archive. */
  readonly storedBytes: number
  /** Set for a file whose holes are left out: its size with them. */
  readonly sparseBytes?: number | undefined
}

/** The headers of an entry, with their padding: an extended one where ustar's fields are not enough, and ustar's. */
export function memberHeader(entry: FoundEntry, data: MemberData): Buffer {
  const { path, stat, linkOf } = entry
  const kind = linkOf === undefined ? stat.kind : 'link'
  const name = stat.kind === 'directory' ? (path === '' ? './' : `${path}/`) : path
  const linkName = linkOf ?? entry.target ?? ''
  const isSparse = data.sparseBytes !== undefined
  const shown = isSparse ? sparseName(name) : name
  const header: TarHeader = {
    name: shown,
    type: types[kind],
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    size: data.storedBytes,
    mtime: Number(stat.mtimeNs / 1_000_000_000n),
    linkName: linkName.slice(0, 100),
    major: isDevice(stat.kind) ? stat.major : 0,
    minor: isDevice(stat.kind) ? stat.minor : 0,
  }
  const records = [
    ...(isSparse ? sparseRecords(name, data.sparseBytes) : needsRecord(name) ? [pathRecord('path', name)] : []),
    ...(needsLinkRecord(linkName) ? [pathRecord('linkpath', linkName)] : []),
    ...numberRecords(header, stat.mtimeNs),
    // A link is another name of what was packed with its attributes.
    ...(kind === 'link' ? [] : entry.attributes.map(attributeRecord)),
  ]
  if (records.length === 0) return encodeHeader(header)
  const isBinary = records.some(([keyword, value]) => isPath(keyword) && utf8Of(value) === undefined)
  return extended(header, isBinary ? [['hdrcharset', 'BINARY'], ...records] : records)
}

function extended(header: TarHeader, records: readonly PaxRecord[]): Buffer {
  const body = encodeRecords(records)
  const name = joinName(
    folderOf(header.name.replace(/\/$/, '')),
    `PaxHeaders/${lastOf(header.name.replace(/\/$/, ''))}`,
  )
  const before = { ...header, type: 'x', name: name.slice(0, 100), size: body.length, linkName: '', major: 0, minor: 0 }
  const last = blockBytes + body.length + paddingOf(body.length)
  const all = Buffer.alloc(last + blockBytes)
  encodeHeader({ ...before, mode: 0o644, uid: 0, gid: 0, mtime: 0 }, all.subarray(0, blockBytes))
  body.copy(all, blockBytes)
  encodeHeader(header, all.subarray(last))
  return all
}

function numberRecords({ uid, gid, size }: TarHeader, mtimeNs: bigint): PaxRecord[] {
  const isWhole = mtimeNs >= 0n && mtimeNs % 1_000_000_000n === 0n && mtimeNs / 1_000_000_000n <= mostOctal.time
  return [
    ...(uid > mostOctal.id ? [['uid', String(uid)] as const] : []),
    ...(gid > mostOctal.id ? [['gid', String(gid)] as const] : []),
    ...(size > mostOctal.size ? [['size', String(size)] as const] : []),
    ...(isWhole ? [] : [['mtime', paxTime(mtimeNs)] as const]),
  ]
}

/** ACLs as text, which GNU tar and star read; everything else as it is. */
function attributeRecord({ name, value }: Attribute): PaxRecord {
  if (name === accessAcl) return ['SCHILY.acl.access', aclText(value)]
  if (name === defaultAcl) return ['SCHILY.acl.default', aclText(value)]
  return [`SCHILY.xattr.${name.replaceAll('%', '%25').replaceAll('=', '%3D')}`, value.toString('latin1')]
}

function sparseRecords(name: ByteName, size: number | undefined): PaxRecord[] {
  return [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', name],
    ['GNU.sparse.realsize', String(size)],
  ]
}

/** What a program that knows no sparse files makes of one. */
function sparseName(name: ByteName): ByteName {
  return joinName(folderOf(name), `GNUSparseFile.0/${lastOf(name)}`)
}

/** Beyond ASCII a header's name is in whatever set the reader has; a record's is not. */
function needsRecord(name: ByteName): boolean {
  return !isAscii(name) || !fitsHeader(name)
}

function needsLinkRecord(name: ByteName): boolean {
  return name !== '' && (!isAscii(name) || name.length > 100)
}

function pathRecord(keyword: string, name: ByteName): PaxRecord {
  return [keyword, name]
}

function isPath(keyword: string): boolean {
  return keyword === 'path' || keyword === 'linkpath' || keyword === 'GNU.sparse.name'
}

function isDevice(kind: FileKind): boolean {
  return kind === 'character-device' || kind === 'block-device'
}
