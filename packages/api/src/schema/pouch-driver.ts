import { type Static, Type } from '@sinclair/typebox'
import { StringList, StringMap } from './words.js'

/** One option of a driver's volumes. */
export const PouchDriverOptionSchema = Type.Object({
  name: Type.String(),
  type: Type.String(),
  description: Type.String(),
  default: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  values: Type.Optional(StringList),
  aliases: Type.Optional(StringList),
  unsupported: Type.Optional(Type.String({ description: 'why the option is refused' })),
  secret: Type.Optional(Type.Boolean({ description: 'its value is never shown' })),
})

/** How a driver's backend is, or why nobody knows. */
export const PouchDriverHealthSchema = Type.Object({
  state: Type.String({ description: 'healthy, degraded, failed, or unknown' }),
  message: Type.Optional(Type.String({ description: 'why it is not healthy, and what to do' })),
  details: Type.Optional(StringMap),
})
/** How a driver's backend is. */
export type PouchDriverHealth = Static<typeof PouchDriverHealthSchema>

/** A volume driver: where its volumes are, what it can do, how it is, which options it takes (absent: any). */
export const PouchDriverSchema = Type.Object({
  name: Type.String(),
  version: Type.Optional(Type.String()),
  state: Type.String({ description: 'open, or failed: it could not be opened' }),
  error: Type.Optional(Type.String({ description: 'why it could not be opened' })),
  isDefault: Type.Boolean(),
  health: Type.Optional(PouchDriverHealthSchema),
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
