import { PouchError } from '@pouch/errors'
import { readInRoot } from '../root-path.js'
import type { OciUser } from './oci-types.js'

const maxAccountBytes = 4 * 1024 * 1024
const maxId = 2 ** 31 - 1

/** A user as the kernel knows it, with the home directory of its account. */
export interface ResolvedUser extends OciUser {
  readonly home: string | undefined
}

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/** The accounts of a root file system. */
export interface Accounts {
  readonly users: readonly PasswdEntry[]
  readonly groups: readonly GroupEntry[]
}

/** Reads /etc/passwd and /etc/group below `root`; what is missing is empty. */
export function readAccounts(root: string): Accounts {
  return {
    users: parsePasswd(readInRoot(root, '/etc/passwd', maxAccountBytes) ?? ''),
    groups: parseGroup(readInRoot(root, '/etc/group', maxAccountBytes) ?? ''),
  }
}

/**
 * Finds the user of a container by Docker's rules: `user`, `uid`, `user:group`, `uid:gid`; empty is root. A number needs no
 * account; a name does. Without a group the account's own groups are taken.
 *
 * @param groupAdd more groups, names or numbers
 * @throws PouchError `invalid-argument` when a name has no account or a number is out of range
 */
export function resolveUser(user: string, groupAdd: readonly string[], accounts: Accounts): ResolvedUser {
  const [userPart = '', groupPart = ''] = user.split(':', 2)
  const account = findUser(userPart, accounts)
  const uid = account?.uid ?? idOf(userPart, user)
  const group = groupPart === '' ? undefined : groupId(groupPart, accounts)
  const own = groupPart === '' && account !== undefined ? groupsOf(account.name, accounts) : []
  const gid = group ?? account?.gid ?? 0
  const added = groupAdd.map((name) => groupId(name, accounts))
  return { uid, gid, additionalGids: [...new Set([gid, ...own, ...added])], home: account?.home }
}

function findUser(part: string, accounts: Accounts): PasswdEntry | undefined {
  const wanted = part === '' ? '0' : part
  const byName = accounts.users.find(({ name }) => name === wanted)
  if (byName !== undefined || !isNumber(wanted)) return byName
  return accounts.users.find(({ uid }) => uid === Number(wanted))
}

function idOf(part: string, whole: string): number {
  if (part === '') return 0
  if (!isNumber(part)) {
    throw new PouchError('invalid-argument', `unable to find user ${part}: no matching entries in passwd file`, {
      op: 'container.user',
      subject: whole,
    })
  }
  return inRange(part)
}

function groupId(name: string, accounts: Accounts): number {
  const found = accounts.groups.find((group) => group.name === name)
  if (found !== undefined) return found.gid
  if (isNumber(name)) return inRange(name)
  throw new PouchError('invalid-argument', `unable to find group ${name}: no matching entries in group file`, {
    op: 'container.user',
    subject: name,
  })
}

function groupsOf(name: string, accounts: Accounts): number[] {
  return accounts.groups.filter(({ members }) => members.includes(name)).map(({ gid }) => gid)
}

function inRange(text: string): number {
  const id = Number(text)
  if (id <= maxId) return id
  throw new PouchError('invalid-argument', `uids and gids must be in range 0-${maxId}: ${text}`, {
    op: 'container.user',
    subject: text,
  })
}

const isNumber = (text: string): boolean => /^\d+$/.test(text)

function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) =>
    name !== '' && isNumber(uid) && isNumber(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  )
}

function parseGroup(text: string): GroupEntry[] {
  return lines(text).flatMap(([name = '', , gid = '', members = '']) =>
    name !== '' && isNumber(gid)
      ? [{ name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }]
      : [],
  )
}

const lines = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
