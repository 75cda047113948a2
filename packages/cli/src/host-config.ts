import type { HostConfig, PortMap } from '@pouch/api'
import type { ContainerFlags } from './container-flags.js'
import { parseOptions } from './parse/key-value.js'
import { parseMountFlag } from './parse/mount-flag.js'
import { parseCpus, parseIntFlag, parseSizeFlag } from './parse/quantity.js'
import { parseDevice, parseRestart, parseUlimit } from './parse/resource-flags.js'
import { parseTmpfsFlag } from './parse/volume-flag.js'

/** What was read from flags before. */
export interface HostConfigParts {
  readonly cwd: string
  readonly binds: readonly string[]
  readonly published: PortMap
}

/** Makes the host part of a container's configuration. @throws PouchError `invalid-argument` naming the flag */
export function buildHostConfig(flags: ContainerFlags, { cwd, binds, published }: HostConfigParts): HostConfig {
  const network = flags.network ?? flags.net
  return compact({
    ...resourcesOf(flags),
    ...listsOf(flags),
    ...switchesOf(flags),
    Binds: [...binds],
    Mounts: (flags.mount ?? []).map((text) => parseMountFlag(text, cwd)),
    Tmpfs: Object.fromEntries((flags.tmpfs ?? []).map(parseTmpfsFlag)),
    PortBindings: published,
    NetworkMode: network ?? 'default',
    RestartPolicy: flags.restart === undefined ? undefined : parseRestart(flags.restart),
    LogConfig: logConfigOf(flags),
    VolumeDriver: flags.volumeDriver,
    PidMode: flags.pid,
    IpcMode: flags.ipc,
    UTSMode: flags.uts,
    UsernsMode: flags.userns,
    CgroupnsMode: flags.cgroupns,
    CgroupParent: flags.cgroupParent,
    Runtime: flags.runtime,
  })
}

function resourcesOf(flags: ContainerFlags): Loose {
  const size = (name: string, text: string | undefined, allowUnlimited = false) =>
    text === undefined ? undefined : parseSizeFlag(name, text, allowUnlimited)
  const int = (name: string, text: string | undefined, min?: number) =>
    text === undefined ? undefined : parseIntFlag(name, text, min)
  return {
    Memory: size('--memory', flags.memory),
    MemoryReservation: size('--memory-reservation', flags.memoryReservation),
    MemorySwap: size('--memory-swap', flags.memorySwap, true),
    MemorySwappiness: int('--memory-swappiness', flags.memorySwappiness, -1),
    ShmSize: size('--shm-size', flags.shmSize),
    CpuShares: int('--cpu-shares', flags.cpuShares, 0),
    CpuPeriod: int('--cpu-period', flags.cpuPeriod, 0),
    CpuQuota: int('--cpu-quota', flags.cpuQuota),
    NanoCpus: flags.cpus === undefined ? undefined : parseCpus(flags.cpus),
    CpusetCpus: flags.cpusetCpus,
    CpusetMems: flags.cpusetMems,
    PidsLimit: int('--pids-limit', flags.pidsLimit, -1),
    BlkioWeight: int('--blkio-weight', flags.blkioWeight, 0),
    OomScoreAdj: int('--oom-score-adj', flags.oomScoreAdj),
  }
}

function listsOf(flags: ContainerFlags): Loose {
  return {
    Ulimits: (flags.ulimit ?? []).map(parseUlimit),
    Devices: (flags.device ?? []).map(parseDevice),
    CapAdd: flags.capAdd,
    CapDrop: flags.capDrop,
    SecurityOpt: flags.securityOpt,
    GroupAdd: flags.groupAdd,
    Dns: flags.dns,
    DnsOptions: flags.dnsOption,
    DnsSearch: flags.dnsSearch,
    ExtraHosts: flags.addHost,
    VolumesFrom: flags.volumesFrom,
    Sysctls: parseOptions(flags.sysctl ?? [], '--sysctl'),
    StorageOpt: parseOptions(flags.storageOpt ?? [], '--storage-opt'),
    Annotations: parseOptions(flags.annotation ?? [], '--annotation'),
  }
}

function switchesOf(flags: ContainerFlags): Loose {
  return {
    AutoRemove: flags.rm,
    Init: flags.init,
    Privileged: flags.privileged,
    ReadonlyRootfs: flags.readOnly,
    OomKillDisable: flags.oomKillDisable,
    PublishAllPorts: flags.publishAll,
  }
}

function logConfigOf({ logDriver, logOpt = [] }: ContainerFlags): Loose | undefined {
  if (logDriver === undefined && logOpt.length === 0) return undefined
  return compact({ Type: logDriver, Config: parseOptions(logOpt, '--log-opt') })
}

type Loose = Record<string, unknown>

/** Leaves out what was not given: absent values, and empty lists and maps. */
function compact(fields: Loose): Loose {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => {
      if (value === undefined) return false
      return typeof value !== 'object' || value === null || Object.keys(value).length > 0
    }),
  )
}
