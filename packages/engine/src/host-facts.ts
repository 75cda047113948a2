import { existsSync, readFileSync } from 'node:fs'
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os'

/** The host that an engine runs on. */
export interface HostFacts {
  readonly name: string
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly operatingSystem: string
  /** `12`; empty when the system names none. */
  readonly osVersion: string
  readonly kernelVersion: string
  /** As the kernel names it: `x86_64`, `aarch64`. */
  readonly architecture: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly cgroupVersion: 1 | 2
  /** The cgroup controllers that the kernel has on: `memory`, `cpu`, `cpuset`, `pids`, … */
  readonly cgroupControllers: readonly string[]
  /** Whether swap can be limited apart from memory. */
  readonly swapLimit: boolean
  readonly seccomp: boolean
  readonly apparmor: boolean
  readonly ipv4Forwarding: boolean
}

const cgroupRoot = '/sys/fs/cgroup'

/** Looks the host up. What cannot be told is empty or false. */
export function hostFacts(): HostFacts {
  const os = osRelease()
  const cgroupVersion = existsSync(`${cgroupRoot}/cgroup.controllers`) ? 2 : 1
  return Object.freeze({
    name: hostname(),
    operatingSystem: os.get('PRETTY_NAME') ?? os.get('NAME') ?? 'Linux',
    osVersion: os.get('VERSION_ID') ?? '',
    kernelVersion: release(),
    architecture: { x64: 'x86_64', arm64: 'aarch64' }[arch() as 'x64' | 'arm64'] ?? arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    cgroupVersion,
    cgroupControllers: cgroupVersion === 2 ? words(`${cgroupRoot}/cgroup.controllers`) : enabledControllers(),
    swapLimit:
      cgroupVersion === 2 ? existsSync('/proc/swaps') : existsSync(`${cgroupRoot}/memory/memory.memsw.limit_in_bytes`),
    seccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    apparmor: readText('/sys/module/apparmor/parameters/enabled').startsWith('Y'),
    ipv4Forwarding: readText('/proc/sys/net/ipv4/ip_forward').trim() === '1',
  })
}

function osRelease(): Map<string, string> {
  const text = readText('/etc/os-release') || readText('/usr/lib/os-release')
  const lines = text.matchAll(/^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/gm)
  return new Map([...lines].map(([, key, double, single, bare]) => [key ?? '', double ?? single ?? bare ?? '']))
}

// The lines of /proc/cgroups: name, hierarchy, number of groups, enabled.
function enabledControllers(): readonly string[] {
  const rows = readText('/proc/cgroups')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  return rows.flatMap((line) => {
    const [name, , , enabled] = line.split(/\s+/)
    return name !== undefined && enabled === '1' && existsSync(`${cgroupRoot}/${name}`) ? [name] : []
  })
}

const words = (path: string): readonly string[] =>
  readText(path)
    .split(/\s+/)
    .filter((word) => word !== '')

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A file of /proc or /sys that this kernel lacks: the fact is reported as absent.
    return ''
  }
}
