import { refused } from '../config/refused.js'
import type { UlimitConfig } from '../container-config.js'
import { type HostLimits, unlimited } from './host-limits.js'
import type { OciRlimit } from './oci-types.js'

const names: Readonly<Record<string, string>> = {
  as: 'RLIMIT_AS',
  core: 'RLIMIT_CORE',
  cpu: 'RLIMIT_CPU',
  data: 'RLIMIT_DATA',
  fsize: 'RLIMIT_FSIZE',
  locks: 'RLIMIT_LOCKS',
  memlock: 'RLIMIT_MEMLOCK',
  msgqueue: 'RLIMIT_MSGQUEUE',
  nice: 'RLIMIT_NICE',
  nofile: 'RLIMIT_NOFILE',
  nproc: 'RLIMIT_NPROC',
  rss: 'RLIMIT_RSS',
  rtprio: 'RLIMIT_RTPRIO',
  rttime: 'RLIMIT_RTTIME',
  sigpending: 'RLIMIT_SIGPENDING',
  stack: 'RLIMIT_STACK',
}

/**
 * The resource limits of a container's processes, none above what this process may set.
 *
 * @returns the limits, and a warning for each that was lowered
 * @throws PouchError `invalid-argument` for an unknown name or a soft limit above the hard one
 */
export function rlimitsOf(
  ulimits: readonly UlimitConfig[],
  host: HostLimits,
): { rlimits: OciRlimit[]; warnings: string[] } {
  const warnings: string[] = []
  const rlimits = ulimits.map(({ name, soft, hard }) => {
    const type = names[name.toLowerCase()]
    if (type === undefined) throw refused(`invalid ulimit type: ${name}`, 'ulimits')
    if (exceeds(soft, hard))
      throw refused(`ulimit ${name}: the soft limit (${soft}) is above the hard limit (${hard})`, 'ulimits')
    const ceiling = host.capabilities.includes('CAP_SYS_RESOURCE') ? unlimited : (host.rlimits[type]?.hard ?? unlimited)
    const limit = { type, soft: lower(soft, ceiling), hard: lower(hard, ceiling) }
    if (limit.hard !== hard)
      warnings.push(
        `ulimit ${name}=${soft}:${hard} was lowered to ${limit.soft}:${limit.hard}: this process may not set more.`,
      )
    return limit
  })
  return { rlimits, warnings }
}

const exceeds = (value: number, bound: number): boolean => bound !== unlimited && (value === unlimited || value > bound)

const lower = (value: number, ceiling: number): number => (exceeds(value, ceiling) ? ceiling : value)
