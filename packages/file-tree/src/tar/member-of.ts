import { PouchError } from '@pouch/errors'
import { type AccountLookup, aclValue } from '../acl-text.js'
import { type Attribute, accessAcl, defaultAcl, isKept } from '../attribute.js'
import { type ByteName, shownName } from '../byte-name.js'
import type { Member } from './member.js'
import { corrupt, natural, type RawHeader } from './parse-header.js'
import { type PaxRecord, parsePaxTime } from './pax-records.js'

/** All that an archive says of one entry. */
export interface Described {
  readonly header: RawHeader
  readonly records: readonly PaxRecord[]
  readonly longName: ByteName | undefined
  readonly longLink: ByteName | undefined
  readonly offset: number
}

const kinds: Readonly<Record<string, Member['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  D: 'directory',
  '6': 'fifo',
}
/** A volume's label: of the tape, not of the tree. */
const label = 'V'
const mostId = 0xfffffffe
/** What utimensat(2) takes: 64 bits of seconds. */
const firstTimeNs = -(2n ** 63n) * 1_000_000_000n
const lastTimeNs = 2n ** 63n * 1_000_000_000n - 1n

/** The entry that headers tell of, and how much data follows. No entry: it is passed over. @throws PouchError `corrupt`, `unsupported` */
export function memberOf(
  { header, records, longName, longLink, offset }: Described,
  lookup: AccountLookup,
  onIgnored: (name: ByteName, why: string) => void,
): { readonly entry: Member | undefined; readonly storedBytes: number } {
  const last = effective(records)
  const name = last.get('GNU.sparse.name') ?? last.get('path') ?? longName ?? header.name
  const size = numberOf(last.get('size'), header.size, 'the size', offset)
  if (header.type === label) return { entry: undefined, storedBytes: 0 }
  const kind = kindOf(header, name)
  const isFile = kind === 'file'
  const entry: Member = {
    name,
    kind,
    mode: header.mode & 0o7777,
    uid: id(numberOf(last.get('uid'), header.uid, 'the owner', offset), offset),
    gid: id(numberOf(last.get('gid'), header.gid, 'the group', offset), offset),
    mtimeNs: timeOf(last.get('mtime'), header.mtime, offset, (why) => onIgnored(name, why)),
    linkName: last.get('linkpath') ?? longLink ?? header.linkName,
    major: header.major,
    minor: header.minor,
    attributes: attributesOf(records, lookup, (why) => onIgnored(name, why)),
    size: isFile ? size : 0,
    extents: isFile && size > 0 ? [{ offset: 0, length: size }] : [],
    offset,
  }
  return { entry, storedBytes: isFile || header.type === 'D' ? size : 0 }
}

/** The last record of a keyword counts; an empty one takes back those before it. */
function effective(records: readonly PaxRecord[]): ReadonlyMap<string, ByteName> {
  const last = new Map<string, ByteName>()
  for (const [keyword, value] of records) {
    if (value === '') last.delete(keyword)
    else last.set(keyword, value)
  }
  return last
}

function kindOf({ type }: RawHeader, name: ByteName): Member['kind'] {
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
  if (kind === undefined) {
    const message = `the archive's entry '${shownName(name)}' is of the kind '${shownName(type)}', which this version cannot unpack; pack it with --format=pax`
    throw new PouchError('unsupported', message, { op: 'tree.unpack', subject: shownName(name) })
  }
  // V7 had no kind for directories.
  return kind === 'file' && type !== 'S' && name.endsWith('/') ? 'directory' : kind
}

function attributesOf(
  records: readonly PaxRecord[],
  lookup: AccountLookup,
  onIgnored: (why: string) => void,
): readonly Attribute[] {
  const found = new Map<ByteName, Buffer>()
  for (const [keyword, value] of records) {
    if (keyword.startsWith('SCHILY.xattr.')) {
      const name = keyword.slice('SCHILY.xattr.'.length).replaceAll('%3D', '=').replaceAll('%25', '%')
      if (isKept(name) && !name.includes('\0')) found.set(name, Buffer.from(value, 'latin1'))
    } else if (keyword === 'SCHILY.acl.access' || keyword === 'SCHILY.acl.default') {
      const acl = parseAcl(value, lookup, onIgnored)
      if (acl !== undefined) found.set(keyword === 'SCHILY.acl.access' ? accessAcl : defaultAcl, acl)
    }
  }
  return [...found].map(([name, value]) => ({ name, value }))
}

/** An ACL for people whom this host does not have is left out, rather than given to somebody else. */
function parseAcl(text: string, lookup: AccountLookup, onIgnored: (why: string) => void): Buffer | undefined {
  if (text === '') return undefined
  try {
    return aclValue(text, lookup)
  } catch (error) {
    if (!(error instanceof PouchError)) throw error
    onIgnored(error.message)
    return undefined
  }
}

function numberOf(text: string | undefined, otherwise: number, what: string, offset: number): number {
  if (text === undefined) return otherwise
  if (!/^\d{1,16}$/.test(text)) throw corrupt(`${what} is not a number`, offset)
  return natural(Number(text), what, offset)
}

function id(value: number, offset: number): number {
  if (value < 0 || value > mostId) throw corrupt('an owner or group is out of range', offset)
  return value
}

/** A time that the kernel cannot tell is no damage: some programs write what a broken clock told them. */
function timeOf(text: string | undefined, seconds: bigint, offset: number, onIgnored: (why: string) => void): bigint {
  const ns = text === undefined ? seconds * 1_000_000_000n : parsePaxTime(text)
  if (ns === undefined) throw corrupt('a time is not a number', offset)
  if (ns >= firstTimeNs && ns <= lastTimeNs) return ns
  onIgnored('its time is beyond all that Linux can tell; it gets the closest one instead')
  return ns < firstTimeNs ? firstTimeNs : lastTimeNs
}
