import { type Static, Type } from '@sinclair/typebox'
import { StringMap } from './words.js'

/** One entry of `HostConfig.Mounts`. Sizes are bytes, the mode is a number of permission bits. */
export const MountSchema = Type.Object({
  Type: Type.Optional(Type.String({ description: 'volume, bind or tmpfs' })),
  Target: Type.Optional(Type.String()),
  Source: Type.Optional(Type.String()),
  ReadOnly: Type.Optional(Type.Boolean()),
  Consistency: Type.Optional(Type.String()),
  BindOptions: Type.Optional(
    Type.Object({
      Propagation: Type.Optional(Type.String()),
      NonRecursive: Type.Optional(Type.Boolean()),
      CreateMountpoint: Type.Optional(Type.Boolean()),
    }),
  ),
  VolumeOptions: Type.Optional(
    Type.Object({
      NoCopy: Type.Optional(Type.Boolean()),
      Labels: Type.Optional(StringMap),
      DriverConfig: Type.Optional(
        Type.Object({ Name: Type.Optional(Type.String()), Options: Type.Optional(StringMap) }),
      ),
    }),
  ),
  TmpfsOptions: Type.Optional(
    Type.Object({ SizeBytes: Type.Optional(Type.Integer()), Mode: Type.Optional(Type.Integer()) }),
  ),
})
/** One entry of `HostConfig.Mounts`. */
export type Mount = Static<typeof MountSchema>

/** A mount that a container has, as inspect shows it. */
export const MountPointSchema = Type.Object({
  Type: Type.String(),
  Name: Type.Optional(Type.String()),
  Source: Type.String(),
  Destination: Type.String(),
  Driver: Type.Optional(Type.String()),
  Mode: Type.String(),
  RW: Type.Boolean(),
  Propagation: Type.String(),
})
/** A mount that a container has, as inspect shows it. */
export type MountPoint = Static<typeof MountPointSchema>
