import { type Static, Type } from '@sinclair/typebox'
import { StringList, StringMap, Timestamp } from './words.js'

/** Who uses a volume, and how far its mount is. */
export const PouchReferenceSchema = Type.Object({
  id: Type.String(),
  holder: Type.String(),
  host: Type.String(),
  readOnly: Type.Boolean(),
  state: Type.String({ description: 'reserved, mounting, mounted or unmounting' }),
  path: Type.Optional(Type.String()),
})
/** Who uses a volume. */
export type PouchReference = Static<typeof PouchReferenceSchema>

/** A volume with all that Pouch knows of it. */
export const PouchVolumeSchema = Type.Object({
  name: Type.String(),
  driver: Type.String(),
  options: StringMap,
  labels: StringMap,
  createdAt: Timestamp,
  mountpoint: Type.Optional(Type.String()),
  scope: Type.String({ description: 'local or global' }),
  sizeBytes: Type.Optional(Type.Integer()),
  anonymous: Type.Boolean(),
  references: Type.Array(PouchReferenceSchema),
  snapshotCount: Type.Integer(),
  status: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
/** A volume with all that Pouch knows of it. */
export type PouchVolume = Static<typeof PouchVolumeSchema>

/** What a new volume is made from: a volume, or a snapshot of it. */
export const PouchCloneSourceSchema = Type.Object(
  {
    volume: Type.String(),
    snapshot: Type.Optional(Type.String()),
    allowInconsistent: Type.Optional(Type.Boolean({ description: 'also while somebody may be writing' })),
  },
  { additionalProperties: false },
)

/**
 * The body of `POST /pouch/v1/volumes`. Unlike Docker's route it refuses a name that exists with another driver
 * (`already-exists`) or other options (`conflict`, which names them).
 */
export const PouchVolumeCreateBodySchema = Type.Object(
  {
    name: Type.Optional(Type.String()),
    driver: Type.Optional(Type.String()),
    options: Type.Optional(StringMap),
    labels: Type.Optional(StringMap),
    from: Type.Optional(PouchCloneSourceSchema),
  },
  { additionalProperties: false },
)
/** The body of `POST /pouch/v1/volumes`. */
export type PouchVolumeCreateBody = Static<typeof PouchVolumeCreateBodySchema>

/** The reply of `GET /pouch/v1/volumes`. */
export const PouchVolumeListSchema = Type.Object({ volumes: Type.Array(PouchVolumeSchema), warnings: StringList })
/** The reply of `GET /pouch/v1/volumes`. */
export type PouchVolumeList = Static<typeof PouchVolumeListSchema>
