import { type Static, Type } from '@sinclair/typebox'
import { Nullable, StringList, StringMap, Timestamp } from './words.js'

/** A volume as Docker's clients know it. */
export const VolumeSchema = Type.Object({
  Name: Type.String(),
  Driver: Type.String(),
  Mountpoint: Type.String(),
  CreatedAt: Type.Optional(Timestamp),
  Status: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  Labels: Nullable(StringMap),
  Scope: Type.String({ description: 'local or global' }),
  Options: Nullable(StringMap),
  UsageData: Type.Optional(Nullable(Type.Object({ Size: Type.Integer(), RefCount: Type.Integer() }))),
})
/** A volume as Docker's clients know it. */
export type Volume = Static<typeof VolumeSchema>

/** The body that makes a volume. */
export const VolumeCreateBodySchema = Type.Object({
  Name: Type.Optional(Type.String()),
  Driver: Type.Optional(Type.String()),
  DriverOpts: Type.Optional(StringMap),
  Labels: Type.Optional(StringMap),
  ClusterVolumeSpec: Type.Optional(Type.Unknown()),
})
/** The body that makes a volume. */
export type VolumeCreateBody = Static<typeof VolumeCreateBodySchema>

/** A list of volumes, with what went wrong while it was made. */
export const VolumeListResponseSchema = Type.Object({
  Volumes: Nullable(Type.Array(VolumeSchema)),
  Warnings: Nullable(StringList),
})
/** A list of volumes. */
export type VolumeListResponse = Static<typeof VolumeListResponseSchema>

/** The reply of a prune of volumes. */
export const VolumePruneResponseSchema = Type.Object({
  VolumesDeleted: Nullable(StringList),
  SpaceReclaimed: Type.Integer(),
  Warnings: Type.Optional(
    Type.Array(Type.String(), { description: "Pouch's own: why volumes that were to be removed are there still." }),
  ),
})
/** The reply of a prune of volumes. */
export type VolumePruneResponse = Static<typeof VolumePruneResponseSchema>
