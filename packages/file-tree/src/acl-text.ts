import { PouchError } from '@pouch/errors'

/** The kernel's form of an ACL: a version, then entries of tag, permissions and id, all little-endian. */
const version = 2
const entryBytes = 8
const nobody = 0xffffffff

const tags: readonly (readonly [number, string, boolean])[] = [
  [0x01, 'user', false],
  [0x02, 'user', true],
  [0x04, 'group', false],
  [0x08, 'group', true],
  [0x10, 'mask', false],
  [0x20, 'other', false],
]

/** Turns names of users and groups into ids. @returns `undefined` for one that this host does not know */
export type AccountLookup = (kind: 'user' | 'group', name: string) => number | undefined

/**
 * The text of an ACL as archives carry it (`SCHILY.acl.access`), with ids in place of names: `user::rw-,user:1000:r--,…`.
 *
 * @throws PouchError `corrupt` when it is not the kernel's form
 */
export function aclText(value: Buffer): string {
  const isWhole = value.length >= 4 && (value.length - 4) % entryBytes === 0 && value.readUInt32LE(0) === version
  if (!isWhole) throw new PouchError('corrupt', 'an ACL is not in the form that this version knows', { op: 'tree.acl' })
  const entries: string[] = []
  for (let offset = 4; offset < value.length; offset += entryBytes) {
    const tag = tags.find(([number]) => number === value.readUInt16LE(offset))
    if (tag === undefined) throw new PouchError('corrupt', 'an ACL has an unknown kind of entry', { op: 'tree.acl' })
    const [, word, hasId] = tag
    const permissions = value.readUInt16LE(offset + 2)
    entries.push(`${word}:${hasId ? value.readUInt32LE(offset + 4) : ''}:${permissionWord(permissions)}`)
  }
  return entries.join(',')
}

/**
 * The kernel's form of an ACL's text: entries by comma or line, long words or their first letters, ids or names, comments after `#`,
 * star's id as a fourth field.
 *
 * @throws PouchError `invalid-argument` naming the entry
 */
export function aclValue(text: string, lookup: AccountLookup): Buffer {
  const entries = text
    .split(/[\n,]/)
    .map((entry) => entry.replace(/#.*$/s, '').trim())
    .filter((entry) => entry !== '')
    .map((entry) => parseEntry(entry, lookup))
    // The kernel takes them by tag, then by id.
    .sort((a, b) => a.tag - b.tag || a.id - b.id)
  const value = Buffer.alloc(4 + entries.length * entryBytes)
  value.writeUInt32LE(version, 0)
  for (const [index, { tag, permissions, id }] of entries.entries()) {
    const offset = 4 + index * entryBytes
    value.writeUInt16LE(tag, offset)
    value.writeUInt16LE(permissions, offset + 2)
    value.writeUInt32LE(id, offset + 4)
  }
  return value
}

function parseEntry(entry: string, lookup: AccountLookup): { tag: number; permissions: number; id: number } {
  const fields = entry.split(':').map((field) => field.trim())
  // `other::r--` and `mask:r--` are both seen in the wild.
  const [word = '', qualifier = '', bits = '', id = ''] = fields.length === 2 ? [fields[0], '', fields[1]] : fields
  const kind = tags.find(([, name, hasId]) => hasId === (qualifier !== '') && (word === name || word === name[0]))
  const letters = /^[rwx-]{1,3}$/.exec(bits)?.[0]
  if (kind === undefined || letters === undefined) throw refused(entry, 'it is not of the form user:1000:rwx')
  const [tag, name, hasId] = kind
  const permissions =
    (letters.includes('r') ? 4 : 0) | (letters.includes('w') ? 2 : 0) | (letters.includes('x') ? 1 : 0)
  return {
    tag,
    permissions,
    id: hasId ? idOf(entry, name === 'user' ? 'user' : 'group', id || qualifier, lookup) : nobody,
  }
}

function idOf(entry: string, kind: 'user' | 'group', word: string, lookup: AccountLookup): number {
  const id = /^\d+$/.test(word) ? Number(word) : lookup(kind, word)
  if (id === undefined) throw refused(entry, `this host has no ${kind} of that name; pack with numeric ids`)
  if (id >= nobody) throw refused(entry, 'the id is out of range')
  return id
}

function permissionWord(permissions: number): string {
  return `${permissions & 4 ? 'r' : '-'}${permissions & 2 ? 'w' : '-'}${permissions & 1 ? 'x' : '-'}`
}

function refused(entry: string, why: string): PouchError {
  return new PouchError('invalid-argument', `the ACL entry '${entry}' cannot be used: ${why}`, { op: 'tree.acl' })
}
