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
  status: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
/** A volume with all that Pouch knows of it. */
export type PouchVolume = Static<typeof PouchVolumeSchema>

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
  },
  { additionalProperties: false },
)
/** The body of `POST /pouch/v1/volumes`. */
export type PouchVolumeCreateBody = Static<typeof PouchVolumeCreateBodySchema>

/** The reply of `GET /pouch/v1/volumes`. */
export const PouchVolumeListSchema = Type.Object({ volumes: Type.Array(PouchVolumeSchema), warnings: StringList })
/** The reply of `GET /pouch/v1/volumes`. */
export type PouchVolumeList = Static<typeof PouchVolumeListSchema>

/** One option of a driver's volumes. */
export const PouchDriverOptionSchema = Type.Object({
  name: Type.String(),
  type: Type.String(),
  description: Type.String(),
  default: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  values: Type.Optional(StringList),
  aliases: Type.Optional(StringList),
  unsupported: Type.Optional(Type.String({ description: 'why the option is refused' })),
})

/** A volume driver: where its volumes are, what it can do, which options it takes (absent: any). */
export const PouchDriverSchema = Type.Object({
  name: Type.String(),
  scope: Type.String({ description: 'local or global' }),
  durable: Type.Boolean(),
  accessModes: StringList,
  facets: StringList,
  options: Type.Optional(Type.Array(PouchDriverOptionSchema)),
})
/** A volume driver. */
export type PouchDriver = Static<typeof PouchDriverSchema>

/** The reply of `GET /pouch/v1/drivers`. */
export const PouchDriverListSchema = Type.Object({ drivers: Type.Array(PouchDriverSchema) })
/** The reply of `GET /pouch/v1/drivers`. */
export type PouchDriverList = Static<typeof PouchDriverListSchema>
