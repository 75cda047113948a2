import type { HostConfig } from '@pouch/api'
import type { Container } from '@pouch/container-manager'

/**
 * A container's host configuration as Docker shows it: what was sent, with what the engine made of it in its place.
 *
 * @param sent as the create's body had it
 */
export function hostConfigJson({ config }: Container, sent: HostConfig): HostConfig {
  return {
    ...emptyHostConfig,
    ...sent,
    ...resourcesJson(config.resources),
    Binds: sent.Binds ?? (null as never),
    LogConfig: { Type: config.logConfig.type, Config: { ...config.logConfig.options } },
    NetworkMode: config.networkMode,
    RestartPolicy: { Name: config.restartPolicy.name, MaximumRetryCount: config.restartPolicy.maximumRetryCount ?? 0 },
    AutoRemove: config.autoRemove,
    CapAdd: orNull(config.capAdd),
    CapDrop: orNull(config.capDrop),
    CgroupnsMode: config.cgroupnsMode,
    GroupAdd: orNull(config.groupAdd),
    IpcMode: config.ipcMode === '' ? 'private' : config.ipcMode,
    PidMode: config.pidMode,
    Privileged: config.privileged,
    ReadonlyRootfs: config.readonlyRootfs,
    SecurityOpt: orNull(config.securityOpt),
    ...(Object.keys(config.tmpfs).length === 0 ? {} : { Tmpfs: { ...config.tmpfs } }),
    UTSMode: config.utsMode,
    ShmSize: config.shmSizeBytes,
    ...(Object.keys(config.sysctls).length === 0 ? {} : { Sysctls: { ...config.sysctls } }),
    Runtime: 'runc',
    ...(config.init ? { Init: true } : {}),
    MaskedPaths: [...config.maskedPaths],
    ReadonlyPaths: [...config.readonlyPaths],
  }
}

function resourcesJson(resources: Container['config']['resources']): HostConfig {
  return {
    CpuShares: resources.cpuShares ?? 0,
    Memory: resources.memoryBytes ?? 0,
    NanoCpus: resources.nanoCpus ?? 0,
    BlkioWeight: resources.blkioWeight ?? 0,
    CpuPeriod: resources.cpuPeriod ?? 0,
    CpuQuota: resources.cpuQuota ?? 0,
    CpusetCpus: resources.cpusetCpus ?? '',
    CpusetMems: resources.cpusetMems ?? '',
    MemoryReservation: resources.memoryReservationBytes ?? 0,
    MemorySwap: resources.memorySwapBytes ?? 0,
    MemorySwappiness: resources.memorySwappiness ?? null,
    OomKillDisable: resources.oomKillDisable ?? false,
    OomScoreAdj: resources.oomScoreAdj ?? 0,
    PidsLimit: resources.pidsLimit ?? null,
  }
}

// What Docker shows for what was not given.
const emptyHostConfig: HostConfig = Object.freeze({
  ContainerIDFile: '',
  PortBindings: {},
  VolumeDriver: '',
  VolumesFrom: null as never,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null as never,
  Cgroup: '',
  Links: null as never,
  PublishAllPorts: false,
  UsernsMode: '',
  ConsoleSize: [0, 0],
  Isolation: '',
  CgroupParent: '',
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  Devices: [],
  DeviceCgroupRules: null as never,
  DeviceRequests: null as never,
  Ulimits: null as never,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
})

function orNull(list: readonly string[]): string[] {
  return list.length === 0 ? (null as never) : [...list]
}
