import { readFile } from 'node:fs/promises'
import { hasErrno } from '@pouch/errors'
import type { AccountLookup } from './acl-text.js'

/** The ids of this host's own users and groups, by name. A host without those files knows none. */
export async function localAccounts(): Promise<AccountLookup> {
  const [users, groups] = await Promise.all([idsIn('/etc/passwd'), idsIn('/etc/group')])
  return (kind, name) => (kind === 'user' ? users : groups).get(name)
}

async function idsIn(file: string): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>()
  for (const line of (await textOf(file)).split('\n')) {
    const [name, , id] = line.split(':')
    if (name !== undefined && id !== undefined && /^\d+$/.test(id)) ids.set(name, Number(id))
  }
  return ids
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1')
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return ''
    throw error
  }
}
