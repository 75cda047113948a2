const absent = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, null]))
const zero = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 0]))
const empty = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, []]))
const blank = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, '']))

/** What docker CLI 28 sends at /v1.43 to create a container: every field, whether it says something or not. */
export function createBody28(config: Record<string, unknown>, host: Record<string, unknown> = {}): object {
  return {
    ...blank(['Hostname', 'Domainname', 'User', 'WorkingDir']),
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Volumes: {},
    Labels: {},
    ...absent(['Env', 'Entrypoint', 'OnBuild']),
    ...config,
    HostConfig: { ...hostConfig, ...host },
    NetworkingConfig: { EndpointsConfig: { default: endpoint } },
  }
}

const hostConfig = {
  ...absent(['Binds', 'VolumesFrom', 'CapAdd', 'CapDrop', 'ExtraHosts', 'GroupAdd', 'Links', 'SecurityOpt']),
  ...absent(['DeviceCgroupRules', 'DeviceRequests', 'MaskedPaths', 'ReadonlyPaths']),
  ...blank([
    'ContainerIDFile',
    'VolumeDriver',
    'CgroupnsMode',
    'IpcMode',
    'Cgroup',
    'PidMode',
    'UTSMode',
    'UsernsMode',
  ]),
  ...blank(['Isolation', 'CgroupParent', 'CpusetCpus', 'CpusetMems']),
  ...empty(['Dns', 'DnsOptions', 'DnsSearch', 'BlkioWeightDevice', 'BlkioDeviceReadBps', 'BlkioDeviceWriteBps']),
  ...empty(['BlkioDeviceReadIOps', 'BlkioDeviceWriteIOps', 'Devices', 'Ulimits']),
  ...zero(['OomScoreAdj', 'ShmSize', 'CpuShares', 'Memory', 'NanoCpus', 'BlkioWeight', 'CpuPeriod', 'CpuQuota']),
  ...zero(['CpuRealtimePeriod', 'CpuRealtimeRuntime', 'MemoryReservation', 'MemorySwap', 'PidsLimit', 'CpuCount']),
  ...zero(['CpuPercent', 'IOMaximumIOps', 'IOMaximumBandwidth']),
  LogConfig: { Type: '', Config: {} },
  NetworkMode: 'default',
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  ConsoleSize: [0, 0],
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  MemorySwappiness: -1,
  OomKillDisable: false,
}

const endpoint = {
  ...absent(['IPAMConfig', 'Links', 'Aliases', 'DriverOpts', 'DNSNames']),
  ...blank(['MacAddress', 'NetworkID', 'EndpointID', 'Gateway', 'IPAddress', 'IPv6Gateway', 'GlobalIPv6Address']),
  ...zero(['GwPriority', 'IPPrefixLen', 'GlobalIPv6PrefixLen']),
}
