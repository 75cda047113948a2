import { readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { capabilityNames } from '@pouch/libc'

/** What this process, and so its containers, may have on this host. */
export interface HostLimits {
  /** Capabilities in the bounding set. */
  readonly capabilities: readonly string[]
  readonly rlimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>
  /** The lowest oom_score_adj that may be set. */
  readonly oomScoreAdjMin: number
  readonly cgroupVersion: 1 | 2
  /** Controllers that a container's limits can use: `memory`, `cpu`, `pids`, … */
  readonly controllers: readonly string[]
  readonly cpus: number
  /** Whether memory+swap can be limited. */
  readonly swapLimit: boolean
}

/** `Max open files` → the name that a rlimit has in OCI. */
const rlimitNames: Readonly<Record<string, string>> = {
  'cpu time': 'RLIMIT_CPU',
  'file size': 'RLIMIT_FSIZE',
  'data size': 'RLIMIT_DATA',
  'stack size': 'RLIMIT_STACK',
  'core file size': 'RLIMIT_CORE',
  'resident set': 'RLIMIT_RSS',
  processes: 'RLIMIT_NPROC',
  'open files': 'RLIMIT_NOFILE',
  'locked memory': 'RLIMIT_MEMLOCK',
  'address space': 'RLIMIT_AS',
  'file locks': 'RLIMIT_LOCKS',
  'pending signals': 'RLIMIT_SIGPENDING',
  'msgqueue size': 'RLIMIT_MSGQUEUE',
  'nice priority': 'RLIMIT_NICE',
  'realtime priority': 'RLIMIT_RTPRIO',
  'realtime timeout': 'RLIMIT_RTTIME',
}

/** The value that stands for no limit: the kernel's RLIM_INFINITY does not fit a JavaScript number, OCI takes -1. */
export const unlimited = -1

/** Reads the limits from /proc and /sys. Linux only. */
export function readHostLimits(): HostLimits {
  const status = readFileSync('/proc/self/status', 'utf8')
  const capabilities = capabilitiesOfMask(BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`))
  const mayLower = capabilities.includes('CAP_SYS_RESOURCE')
  const cgroupVersion = isCgroup2() ? 2 : 1
  return {
    capabilities,
    rlimits: parseLimits(readFileSync('/proc/self/limits', 'utf8')),
    oomScoreAdjMin: mayLower ? -1000 : Number(readFileSync('/proc/self/oom_score_adj', 'utf8')),
    cgroupVersion,
    controllers: controllersOf(cgroupVersion),
    cpus: availableParallelism(),
    swapLimit: cgroupVersion === 2 || exists('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
  }
}

/** The names of the bits of a capability mask, as /proc/self/status prints it. */
export function capabilitiesOfMask(mask: bigint): string[] {
  return capabilityNames.filter((_, bit) => (mask & (1n << BigInt(bit))) !== 0n)
}

/** Reads the form of /proc/self/limits. */
export function parseLimits(text: string): Record<string, { soft: number; hard: number }> {
  const limits: Record<string, { soft: number; hard: number }> = {}
  for (const line of text.split('\n')) {
    const match = /^Max (.+?)\s{2,}(\S+)\s+(\S+)/.exec(line)
    const name = rlimitNames[match?.[1] ?? '']
    if (name === undefined) continue
    limits[name] = { soft: limitOf(match?.[2]), hard: limitOf(match?.[3]) }
  }
  return limits
}

const limitOf = (text: string | undefined): number => (text === 'unlimited' ? unlimited : Number(text))

function isCgroup2(): boolean {
  return exists('/sys/fs/cgroup/cgroup.controllers')
}

function controllersOf(version: 1 | 2): string[] {
  if (version === 2) return readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').trim().split(/\s+/)
  return readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => (line.split(':')[1] ?? '').split(','))
    .filter((name) => name !== '' && !name.startsWith('name='))
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
