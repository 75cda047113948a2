import { type Static, Type } from '@sinclair/typebox'
import { MountPointSchema } from './mount.js'
import { EndpointSettingsSchema } from './network.js'
import { StringList, StringMap } from './words.js'

/** A port that a container has, and where it is published. */
export const PortSchema = Type.Object({
  IP: Type.Optional(Type.String()),
  PrivatePort: Type.Integer(),
  PublicPort: Type.Optional(Type.Integer()),
  Type: Type.String(),
})

/** One container of a list. `Created` is in seconds since 1970. */
export const ContainerSummarySchema = Type.Object({
  Id: Type.String(),
  Names: StringList,
  Image: Type.String(),
  ImageID: Type.String(),
  Command: Type.String(),
  Created: Type.Integer(),
  Ports: Type.Array(PortSchema),
  SizeRw: Type.Optional(Type.Integer()),
  SizeRootFs: Type.Optional(Type.Integer()),
  Labels: StringMap,
  State: Type.String(),
  Status: Type.String(),
  HostConfig: Type.Object({ NetworkMode: Type.Optional(Type.String()) }),
  NetworkSettings: Type.Object({ Networks: Type.Record(Type.String(), EndpointSettingsSchema) }),
  Mounts: Type.Array(MountPointSchema),
})
/** One container of a list. */
export type ContainerSummary = Static<typeof ContainerSummarySchema>
