import type {
  ContainerInspect,
  ContainerConfig as DockerConfig,
  MountPoint as DockerMountPoint,
  EndpointSettings,
  HostConfig,
} from '@pouch/api'
import type { Container, MountPoint } from '@pouch/container-manager'
import { hostConfigJson } from './host-config-json.js'

/** Docker's way to write a date that never was. */
export const never = '0001-01-01T00:00:00Z'

/** Everything about a container, as Docker shows it. */
export function containerInspect(container: Container): ContainerInspect {
  return {
    Id: container.id,
    Created: container.createdAt,
    Path: container.path,
    Args: [...container.args],
    State: stateJson(container),
    Image: container.imageId,
    ResolvConfPath: container.resolvConfPath,
    HostnamePath: container.hostnamePath,
    HostsPath: container.hostsPath,
    LogPath: container.logPath ?? '',
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: container.snapshotter,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: container.execIds.length === 0 ? null : [...container.execIds],
    HostConfig: hostConfigJson(container, sentParts(container).HostConfig),
    GraphDriver: { Name: container.snapshotter, Data: { SnapshotKey: container.snapshotKey } },
    Mounts: container.mounts.map(mountJson),
    Config: configJson(container),
    NetworkSettings: networkSettings(container),
  }
}

/** A mount as Docker shows it. */
export function mountJson(mount: MountPoint): DockerMountPoint {
  return {
    Type: mount.type,
    ...(mount.name === undefined ? {} : { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.driver === undefined ? {} : { Driver: mount.driver }),
    Mode: mount.mode,
    RW: mount.rw,
    Propagation: mount.propagation,
  }
}

/** The networks of a container. There is no address to tell: `none` has no interface and `host` is the host's. */
export function networksJson({ config }: Container): Record<string, EndpointSettings> {
  const name = config.networkMode === 'host' ? 'host' : 'none'
  return {
    [name]: {
      IPAMConfig: null,
      Links: null,
      Aliases: null,
      NetworkID: networkId(name),
      EndpointID: '',
      Gateway: '',
      IPAddress: '',
      IPPrefixLen: 0,
      IPv6Gateway: '',
      GlobalIPv6Address: '',
      GlobalIPv6PrefixLen: 0,
      MacAddress: '',
      DriverOpts: null,
    },
  }
}

/** The id of a predefined network: 64 digits that name it, the same on every host. */
export function networkId(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(64, '0')
}

function stateJson({ state }: Container): ContainerInspect['State'] {
  return {
    Status: state.status,
    Running: state.status === 'running' || state.status === 'paused',
    Paused: state.status === 'paused',
    Restarting: false,
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt ?? never,
    FinishedAt: state.finishedAt ?? never,
  }
}

function configJson(container: Container): DockerConfig {
  const { config } = container
  const sent = sentParts(container).Config
  return {
    Hostname: config.hostname,
    Domainname: config.domainname,
    User: config.user,
    AttachStdin: config.attachStdin,
    AttachStdout: config.attachStdout,
    AttachStderr: config.attachStderr,
    ...(config.exposedPorts.length === 0 ? {} : { ExposedPorts: keysOf(config.exposedPorts) }),
    Tty: config.tty,
    OpenStdin: config.openStdin,
    StdinOnce: config.stdinOnce,
    Env: [...config.env],
    Cmd: orNull(config.command),
    Image: container.image,
    Volumes: config.volumes.length === 0 ? (null as never) : keysOf(config.volumes),
    WorkingDir: config.workingDir,
    Entrypoint: orNull(config.entrypoint),
    OnBuild: null as never,
    Labels: { ...config.labels },
    ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
    ...(config.stopTimeoutSeconds === undefined ? {} : { StopTimeout: config.stopTimeoutSeconds }),
    ...sent,
  }
}

// Docker writes null where nothing was given.
function orNull(list: readonly string[] | undefined): string[] {
  return list === undefined || list.length === 0 ? (null as never) : [...list]
}

const keysOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]))

function sentParts({ config }: Container): { HostConfig: HostConfig; Config: Partial<DockerConfig> } {
  const parts = (config.extra?.docker ?? {}) as { HostConfig?: HostConfig; Config?: Partial<DockerConfig> }
  return { HostConfig: parts.HostConfig ?? {}, Config: parts.Config ?? {} }
}

function networkSettings(container: Container): ContainerInspect['NetworkSettings'] {
  return {
    Bridge: '',
    SandboxID: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: {},
    SandboxKey: '',
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: '',
    Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    MacAddress: '',
    Networks: networksJson(container),
  }
}
