import { type Static, Type } from '@sinclair/typebox'
import { ContainerConfigSchema } from './container-config.js'
import { HostConfigSchema, PortMapSchema } from './host-config.js'
import { MountPointSchema } from './mount.js'
import { EndpointSettingsSchema } from './network.js'
import { Nullable, StringList, StringMap, Timestamp } from './words.js'

/** What a container is doing. */
export const ContainerStateSchema = Type.Object({
  Status: Type.String({ description: 'created, running, paused, restarting, removing, exited or dead' }),
  Running: Type.Boolean(),
  Paused: Type.Boolean(),
  Restarting: Type.Boolean(),
  OOMKilled: Type.Boolean(),
  Dead: Type.Boolean(),
  Pid: Type.Integer(),
  ExitCode: Type.Integer(),
  Error: Type.String(),
  StartedAt: Timestamp,
  FinishedAt: Timestamp,
})
/** What a container is doing. */
export type ContainerState = Static<typeof ContainerStateSchema>

/** The networks of a container. The addresses at the top are those of the default bridge. */
export const NetworkSettingsSchema = Type.Object({
  Bridge: Type.String(),
  SandboxID: Type.String(),
  HairpinMode: Type.Boolean(),
  LinkLocalIPv6Address: Type.String(),
  LinkLocalIPv6PrefixLen: Type.Integer(),
  Ports: PortMapSchema,
  SandboxKey: Type.String(),
  SecondaryIPAddresses: Nullable(Type.Array(Type.Unknown())),
  SecondaryIPv6Addresses: Nullable(Type.Array(Type.Unknown())),
  EndpointID: Type.String(),
  Gateway: Type.String(),
  GlobalIPv6Address: Type.String(),
  GlobalIPv6PrefixLen: Type.Integer(),
  IPAddress: Type.String(),
  IPPrefixLen: Type.Integer(),
  IPv6Gateway: Type.String(),
  MacAddress: Type.String(),
  Networks: Type.Record(Type.String(), EndpointSettingsSchema),
})
/** The networks of a container. */
export type NetworkSettings = Static<typeof NetworkSettingsSchema>

/** What holds a container's root filesystem. */
export const GraphDriverSchema = Type.Object({ Name: Type.String(), Data: Nullable(StringMap) })

/** Everything about one container. */
export const ContainerInspectSchema = Type.Object({
  Id: Type.String(),
  Created: Timestamp,
  Path: Type.String(),
  Args: StringList,
  State: ContainerStateSchema,
  Image: Type.String({ description: 'the id of the image' }),
  ResolvConfPath: Type.String(),
  HostnamePath: Type.String(),
  HostsPath: Type.String(),
  LogPath: Type.String(),
  Name: Type.String({ description: 'with a leading slash' }),
  RestartCount: Type.Integer(),
  Driver: Type.String(),
  Platform: Type.String(),
  MountLabel: Type.String(),
  ProcessLabel: Type.String(),
  AppArmorProfile: Type.String(),
  ExecIDs: Nullable(StringList),
  HostConfig: HostConfigSchema,
  GraphDriver: GraphDriverSchema,
  SizeRw: Type.Optional(Type.Integer()),
  SizeRootFs: Type.Optional(Type.Integer()),
  Mounts: Type.Array(MountPointSchema),
  Config: ContainerConfigSchema,
  NetworkSettings: NetworkSettingsSchema,
})
/** Everything about one container. */
export type ContainerInspect = Static<typeof ContainerInspectSchema>
