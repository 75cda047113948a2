import { type Static, Type } from '@sinclair/typebox'
import { ContainerSummarySchema } from './container-summary.js'
import { ImageSummarySchema } from './image.js'
import { VolumeSchema } from './volume.js'
import { Nullable, StringList, StringMap } from './words.js'

const commit = Type.Object({ ID: Type.String(), Expected: Type.String() })
const flag = Type.Boolean()
const count = Type.Integer()

/** What a daemon is, runs on and can do. Memory is in bytes. */
export const SystemInfoSchema = Type.Object({
  ID: Type.String(),
  Containers: count,
  ContainersRunning: count,
  ContainersPaused: count,
  ContainersStopped: count,
  Images: count,
  Driver: Type.String(),
  DriverStatus: Type.Array(StringList),
  DockerRootDir: Type.String(),
  Plugins: Type.Object({
    Volume: StringList,
    Network: StringList,
    Authorization: Nullable(StringList),
    Log: StringList,
  }),
  MemoryLimit: flag,
  SwapLimit: flag,
  KernelMemoryTCP: Type.Optional(flag),
  CpuCfsPeriod: flag,
  CpuCfsQuota: flag,
  CPUShares: flag,
  CPUSet: flag,
  PidsLimit: flag,
  OomKillDisable: flag,
  IPv4Forwarding: flag,
  BridgeNfIptables: flag,
  BridgeNfIp6tables: flag,
  Debug: flag,
  NFd: count,
  NGoroutines: count,
  SystemTime: Type.String(),
  LoggingDriver: Type.String(),
  CgroupDriver: Type.String(),
  CgroupVersion: Type.String({ description: '1 or 2' }),
  NEventsListener: count,
  KernelVersion: Type.String(),
  OperatingSystem: Type.String(),
  OSVersion: Type.String(),
  OSType: Type.String(),
  Architecture: Type.String(),
  NCPU: count,
  MemTotal: Type.Integer(),
  IndexServerAddress: Type.String(),
  RegistryConfig: Type.Record(Type.String(), Type.Unknown()),
  GenericResources: Type.Null(),
  HttpProxy: Type.String(),
  HttpsProxy: Type.String(),
  NoProxy: Type.String(),
  Name: Type.String(),
  Labels: Nullable(StringList),
  ExperimentalBuild: flag,
  ServerVersion: Type.String(),
  Runtimes: Type.Record(Type.String(), Type.Object({ path: Type.String() })),
  DefaultRuntime: Type.String(),
  Swarm: Type.Record(Type.String(), Type.Unknown()),
  LiveRestoreEnabled: flag,
  Isolation: Type.String(),
  InitBinary: Type.String(),
  ContainerdCommit: commit,
  RuncCommit: commit,
  InitCommit: commit,
  SecurityOptions: StringList,
  ProductLicense: Type.Optional(Type.String()),
  Warnings: Nullable(StringList),
})
/** What a daemon is, runs on and can do. */
export type SystemInfo = Static<typeof SystemInfoSchema>

/** Versions of a daemon and its parts. */
export const SystemVersionSchema = Type.Object({
  Platform: Type.Object({ Name: Type.String() }),
  Components: Type.Array(
    Type.Object({ Name: Type.String(), Version: Type.String(), Details: Type.Optional(Nullable(StringMap)) }),
  ),
  Version: Type.String(),
  ApiVersion: Type.String(),
  MinAPIVersion: Type.String(),
  GitCommit: Type.String(),
  GoVersion: Type.String(),
  Os: Type.String(),
  Arch: Type.String(),
  KernelVersion: Type.String(),
  Experimental: Type.Optional(Type.Boolean()),
  BuildTime: Type.Optional(Type.String()),
})
/** Versions of a daemon and its parts. */
export type SystemVersion = Static<typeof SystemVersionSchema>

/** Something that happened. `time` is in seconds since 1970, `timeNano` in nanoseconds (above what a number holds exactly). */
export const EventMessageSchema = Type.Object({
  Type: Type.String(),
  Action: Type.String(),
  Actor: Type.Object({ ID: Type.String(), Attributes: Type.Optional(Nullable(StringMap)) }),
  scope: Type.Optional(Type.String()),
  time: Type.Integer(),
  timeNano: Type.Number(),
  status: Type.Optional(Type.String()),
  id: Type.Optional(Type.String()),
  from: Type.Optional(Type.String()),
})
/** Something that happened. */
export type EventMessage = Static<typeof EventMessageSchema>

/** What takes up space. A part that was not asked for is null. */
export const DiskUsageSchema = Type.Object({
  LayersSize: Type.Optional(Type.Integer()),
  Images: Nullable(Type.Array(ImageSummarySchema)),
  Containers: Nullable(Type.Array(ContainerSummarySchema)),
  Volumes: Nullable(Type.Array(VolumeSchema)),
  BuildCache: Nullable(Type.Array(Type.Unknown())),
})
/** What takes up space. */
export type DiskUsage = Static<typeof DiskUsageSchema>
