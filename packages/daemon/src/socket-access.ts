import { readFileSync } from 'node:fs'
import { PouchError } from '@pouch/errors'
import type { SocketAccess } from '@pouch/service'

/**
 * Who may use the daemon's unix sockets: its own user, and the members of a group.
 *
 * @param group a name of /etc/group or a number; the process's own unless given
 * @throws PouchError `not-found` when there is no such group
 */
export function socketAccess(group: string | undefined): SocketAccess {
  const uid = process.getuid?.() ?? 0
  const gid = group === undefined ? (process.getgid?.() ?? 0) : groupId(group)
  return { mode: 0o660, uid, gid }
}

function groupId(group: string): number {
  if (/^\d{1,10}$/.test(group)) return Number(group)
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${group}:`))
  const gid = line?.split(':')[2]
  if (gid !== undefined && /^\d+$/.test(gid)) return Number(gid)
  throw new PouchError(
    'not-found',
    `there is no group '${group}' on this host: create it, or choose another with --group`,
    {
      op: 'daemon.group',
      subject: group,
    },
  )
}
