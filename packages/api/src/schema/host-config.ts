import { type Static, Type } from '@sinclair/typebox'
import { MountSchema } from './mount.js'
import { Nullable, StringList, StringMap, StringOrList } from './words.js'

const int = () => Type.Optional(Type.Integer())
const text = () => Type.Optional(Type.String())
const flag = () => Type.Optional(Type.Boolean())
const list = () => Type.Optional(StringList)

/** A limit of a process, as `ulimit` sets it; -1 is unlimited. */
export const UlimitSchema = Type.Object({ Name: Type.String(), Soft: Type.Integer(), Hard: Type.Integer() })

/** A device of the host given to a container; permissions are letters of `rwm`. */
export const DeviceMappingSchema = Type.Object({
  PathOnHost: text(),
  PathInContainer: text(),
  CgroupPermissions: text(),
})

/** An address and port of the host; the port is a string, may be empty, and may be a range. */
export const PortBindingSchema = Type.Object({ HostIp: text(), HostPort: text() })

/** Published ports: `80/tcp` → bindings, `null` for a port that is only exposed. */
export const PortMapSchema = Type.Record(Type.String(), Nullable(Type.Array(PortBindingSchema)))

const throttle = () => Type.Optional(Type.Array(Type.Object({ Path: Type.String(), Rate: Type.Integer() })))

/** What a container may use. Memory in bytes, times in microseconds, `NanoCpus` in billionths of a CPU. */
const resources = {
  CpuShares: int(),
  Memory: int(),
  CgroupParent: text(),
  BlkioWeight: int(),
  BlkioWeightDevice: Type.Optional(Type.Array(Type.Object({ Path: Type.String(), Weight: Type.Integer() }))),
  BlkioDeviceReadBps: throttle(),
  BlkioDeviceWriteBps: throttle(),
  BlkioDeviceReadIOps: throttle(),
  BlkioDeviceWriteIOps: throttle(),
  CpuPeriod: int(),
  CpuQuota: int(),
  CpuRealtimePeriod: int(),
  CpuRealtimeRuntime: int(),
  CpusetCpus: text(),
  CpusetMems: text(),
  Devices: Type.Optional(Type.Array(DeviceMappingSchema)),
  DeviceCgroupRules: list(),
  DeviceRequests: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
  KernelMemory: int(),
  KernelMemoryTCP: int(),
  MemoryReservation: int(),
  MemorySwap: int(),
  MemorySwappiness: Type.Optional(Nullable(Type.Integer())),
  NanoCpus: int(),
  OomKillDisable: Type.Optional(Nullable(Type.Boolean())),
  PidsLimit: Type.Optional(Nullable(Type.Integer())),
  Ulimits: Type.Optional(Type.Array(UlimitSchema)),
  CpuCount: int(),
  CpuPercent: int(),
  IOMaximumIOps: int(),
  IOMaximumBandwidth: int(),
}

/** When a container is started again by itself. */
export const RestartPolicySchema = Type.Object({ Name: text(), MaximumRetryCount: int() })

/** The part of a container's configuration that depends on the host, with its resources. */
export const HostConfigSchema = Type.Object({
  ...resources,
  Binds: list(),
  ContainerIDFile: text(),
  LogConfig: Type.Optional(Type.Object({ Type: text(), Config: Type.Optional(StringMap) })),
  NetworkMode: text(),
  PortBindings: Type.Optional(PortMapSchema),
  RestartPolicy: Type.Optional(RestartPolicySchema),
  AutoRemove: flag(),
  VolumeDriver: text(),
  VolumesFrom: list(),
  Mounts: Type.Optional(Type.Array(MountSchema)),
  ConsoleSize: Type.Optional(Type.Array(Type.Integer(), { description: 'height and width' })),
  Annotations: Type.Optional(StringMap),
  CapAdd: Type.Optional(StringOrList),
  CapDrop: Type.Optional(StringOrList),
  CgroupnsMode: text(),
  Dns: list(),
  DnsOptions: list(),
  DnsSearch: list(),
  ExtraHosts: list(),
  GroupAdd: list(),
  IpcMode: text(),
  Cgroup: text(),
  Links: list(),
  OomScoreAdj: int(),
  PidMode: text(),
  Privileged: flag(),
  PublishAllPorts: flag(),
  ReadonlyRootfs: flag(),
  SecurityOpt: list(),
  StorageOpt: Type.Optional(StringMap),
  Tmpfs: Type.Optional(StringMap),
  UTSMode: text(),
  UsernsMode: text(),
  ShmSize: int(),
  Sysctls: Type.Optional(StringMap),
  Runtime: text(),
  Isolation: text(),
  Init: Type.Optional(Nullable(Type.Boolean())),
  MaskedPaths: Type.Optional(Nullable(StringList)),
  ReadonlyPaths: Type.Optional(Nullable(StringList)),
})
/** The part of a container's configuration that depends on the host, with its resources. */
export type HostConfig = Static<typeof HostConfigSchema>
/** Published ports: `80/tcp` → bindings. */
export type PortMap = Static<typeof PortMapSchema>
