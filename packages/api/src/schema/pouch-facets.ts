import { type Static, Type } from '@sinclair/typebox'
import { PouchVolumeSchema } from './pouch.js'
import { ErrorBodySchema, StringList, StringMap, Timestamp } from './words.js'

const bytes = (description: string) => Type.Integer({ minimum: 0, description })
const known = (description: string) => Type.Optional(bytes(description))

/** A state of a volume, kept under a name. */
export const PouchSnapshotSchema = Type.Object({
  name: Type.String(),
  volume: Type.String(),
  createdAt: Timestamp,
  labels: StringMap,
  method: Type.String({ description: 'how it was made: btrfs, reflink, copy, …' }),
  isConsistent: Type.Boolean({ description: 'whether it is the volume at one moment' }),
  sizeBytes: known('what it takes up of its own'),
})
/** A state of a volume, kept under a name. */
export type PouchSnapshot = Static<typeof PouchSnapshotSchema>

/** The reply of `GET /pouch/v1/volumes/{name}/snapshots`. */
export const PouchSnapshotListSchema = Type.Object({ snapshots: Type.Array(PouchSnapshotSchema) })
/** The reply of `GET /pouch/v1/volumes/{name}/snapshots`. */
export type PouchSnapshotList = Static<typeof PouchSnapshotListSchema>

/** The body that makes a snapshot. Without a name it is called after the time. */
export const PouchSnapshotCreateBodySchema = Type.Object(
  {
    name: Type.Optional(Type.String()),
    labels: Type.Optional(StringMap),
    allowInconsistent: Type.Optional(Type.Boolean({ description: 'also while somebody may be writing' })),
  },
  { additionalProperties: false },
)
/** The body that makes a snapshot. */
export type PouchSnapshotCreateBody = Static<typeof PouchSnapshotCreateBodySchema>

/** What one volume is capable of, and facts about it. */
export const PouchVolumeDetailsSchema = Type.Object({
  facets: Type.Record(Type.String(), Type.Union([Type.Literal(true), Type.String()]), {
    description: 'each facet of its driver: true, or the reason why this volume lacks it',
  }),
  facts: Type.Record(Type.String(), Type.Unknown()),
  status: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  snapshots: Type.Array(PouchSnapshotSchema),
  error: Type.Optional(
    Type.String({ description: 'why its driver could not tell the rest: it failed, or did not answer in time' }),
  ),
})
/** What one volume is capable of, and facts about it. */
export type PouchVolumeDetails = Static<typeof PouchVolumeDetailsSchema>

/** The body that changes a volume. What is absent stays; a label that is null is taken away. */
export const PouchVolumeUpdateBodySchema = Type.Object(
  {
    labels: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))),
    sizeBytes: known('bring it to this size'),
  },
  { additionalProperties: false },
)
/** The body that changes a volume. */
export type PouchVolumeUpdateBody = Static<typeof PouchVolumeUpdateBodySchema>

/** The body that gives a volume another name. */
export const PouchVolumeRenameBodySchema = Type.Object({ name: Type.String() }, { additionalProperties: false })
/** The body that gives a volume another name. */
export type PouchVolumeRenameBody = Static<typeof PouchVolumeRenameBodySchema>

/** What a volume takes up. */
export const PouchUsageSchema = Type.Object({
  usedBytes: bytes('what its content takes up'),
  limitBytes: known('the limit that is enforced; absent without one'),
  usedInodes: Type.Optional(Type.Integer()),
  limitInodes: Type.Optional(Type.Integer()),
  source: Type.String({ description: 'counter: a quota told it; walk: every file was looked at' }),
})
/** What a volume takes up. */
export type PouchUsage = Static<typeof PouchUsageSchema>

/** What one of several volumes takes up, or why that is not known. */
export const PouchVolumeUsageSchema = Type.Object({
  volume: Type.String(),
  usage: Type.Optional(PouchUsageSchema),
  error: Type.Optional(Type.String()),
})
/** What one of several volumes takes up, or why that is not known. */
export type PouchVolumeUsage = Static<typeof PouchVolumeUsageSchema>

/** The reply of `GET /pouch/v1/usage`. */
export const PouchVolumeUsageListSchema = Type.Object({ volumes: Type.Array(PouchVolumeUsageSchema) })
/** The reply of `GET /pouch/v1/usage`. */
export type PouchVolumeUsageList = Static<typeof PouchVolumeUsageListSchema>

/** The reply of an import: the new volume, and what could not be kept. */
export const PouchVolumeImportResponseSchema = Type.Object({ volume: PouchVolumeSchema, warnings: StringList })
/** The reply of an import. */
export type PouchVolumeImportResponse = Static<typeof PouchVolumeImportResponseSchema>

/** The body that moves a volume to another driver. */
export const PouchVolumeMigrateBodySchema = Type.Object(
  { driver: Type.String(), options: Type.Optional(StringMap) },
  { additionalProperties: false },
)
/** The body that moves a volume to another driver. */
export type PouchVolumeMigrateBody = Static<typeof PouchVolumeMigrateBodySchema>

/** How far a transfer is. */
export const PouchProgressSchema = Type.Object({ files: Type.Integer(), bytes: Type.Integer() })
/** How far a transfer is. `bytes` are those of the content; holes are not counted. */
export type PouchProgress = Static<typeof PouchProgressSchema>

/** A line of a migration's reply: one of its fields is there. The last line has `volume`, or `error`. */
export const PouchMigrateMessageSchema = Type.Object({
  progress: Type.Optional(PouchProgressSchema),
  warning: Type.Optional(Type.String()),
  volume: Type.Optional(PouchVolumeSchema),
  error: Type.Optional(ErrorBodySchema),
})
/** A line of a migration's reply. */
export type PouchMigrateMessage = Static<typeof PouchMigrateMessageSchema>
