import type { SystemInfo } from '@pouch/api'
import type { EngineInfo } from '@pouch/engine'

const indexServer = 'https://index.docker.io/v1/'

/** What an engine is, as Docker shows it. What Docker has and Pouch lacks is empty. */
export function systemInfo(info: EngineInfo, debug: boolean): SystemInfo {
  const { host, containers, containerd } = info
  return {
    ID: info.engineId,
    Containers: containers.total,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: info.images,
    Driver: info.snapshotter,
    DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    DockerRootDir: info.home,
    Plugins: {
      Volume: info.drivers.flatMap(({ name, state }) => (state === 'open' ? [name] : [])),
      Network: ['host', 'null'],
      Authorization: null,
      Log: ['json-file', 'none'],
    },
    ...limits(info),
    IPv4Forwarding: host.ipv4Forwarding,
    BridgeNfIptables: true,
    BridgeNfIp6tables: true,
    Debug: debug,
    NFd: -1,
    NGoroutines: -1,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: String(host.cgroupVersion),
    NEventsListener: info.eventReaders,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.architecture,
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    ...registries(),
    ...absentParts(),
    Name: info.name,
    ServerVersion: info.version,
    Runtimes: { runc: { path: 'runc' }, 'io.containerd.runc.v2': { path: 'containerd-shim-runc-v2' } },
    DefaultRuntime: 'runc',
    LiveRestoreEnabled: true,
    ContainerdCommit: { ID: containerd.revision, Expected: containerd.revision },
    RuncCommit: { ID: info.runc, Expected: info.runc },
    SecurityOptions: [
      ...(host.apparmor ? ['name=apparmor'] : []),
      ...(host.seccomp ? ['name=seccomp,profile=builtin'] : []),
    ],
    Warnings: info.warnings.length === 0 ? null : [...info.warnings],
  }
}

function limits({ host }: EngineInfo) {
  const has = (controller: string) => host.cgroupControllers.includes(controller)
  return {
    MemoryLimit: has('memory'),
    SwapLimit: has('memory') && host.swapLimit,
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    OomKillDisable: has('memory') && host.cgroupVersion === 1,
  }
}

function registries() {
  return {
    IndexServerAddress: indexServer,
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: [],
      AllowNondistributableArtifactsHostnames: [],
      InsecureRegistryCIDRs: ['127.0.0.0/8'],
      IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true } },
      Mirrors: [],
    },
  }
}

function absentParts() {
  return {
    GenericResources: null,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Labels: [],
    ExperimentalBuild: false,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    Isolation: '',
    InitBinary: 'tini-static',
    InitCommit: { ID: '', Expected: '' },
  }
}
