import { usageError } from './usage-error.js'

/** Reads a `--ulimit`: `name=soft[:hard]`, -1 for no limit. */
export function parseUlimit(text: string): { readonly Name: string; readonly Soft: number; readonly Hard: number } {
  const match = /^([a-z]+)=(-1|\d{1,15})(?::(-1|\d{1,15}))?$/.exec(text)
  if (match?.[1] === undefined)
    throw usageError('--ulimit', text, 'write name=soft or name=soft:hard, like nofile=1024:4096')
  const soft = Number(match[2])
  const hard = match[3] === undefined ? soft : Number(match[3])
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw usageError('--ulimit', text, 'the soft limit is above the hard one')
  return { Name: match[1], Soft: soft, Hard: hard }
}

/** Reads a `--device`: `/host[:/container[:rwm]]`. */
export function parseDevice(text: string): {
  readonly PathOnHost: string
  readonly PathInContainer: string
  readonly CgroupPermissions: string
} {
  const [host = '', second, third] = text.split(':')
  const permissionsOnly = third === undefined && second !== undefined && /^[rwm]{1,3}$/.test(second)
  const target = permissionsOnly || second === undefined || second === '' ? host : second
  const permissions = (permissionsOnly ? second : third) ?? 'rwm'
  const isRight =
    host.startsWith('/') && target.startsWith('/') && /^[rwm]{1,3}$/.test(permissions) && text.split(':').length <= 3
  if (!isRight) throw usageError('--device', text, 'write /dev/host[:/dev/container[:rwm]]')
  return { PathOnHost: host, PathInContainer: target, CgroupPermissions: permissions }
}

/** Reads a `--restart`: `no`, `always`, `unless-stopped` or `on-failure[:times]`. */
export function parseRestart(text: string): { readonly Name: string; readonly MaximumRetryCount: number } {
  const match = /^(no|always|unless-stopped|on-failure)(?::(\d{1,9}))?$/.exec(text)
  if (match?.[1] === undefined || (match[2] !== undefined && match[1] !== 'on-failure')) {
    throw usageError('--restart', text, 'write no, always, unless-stopped or on-failure[:times]')
  }
  return { Name: match[1], MaximumRetryCount: Number(match[2] ?? 0) }
}
