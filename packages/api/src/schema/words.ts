import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** A map of strings. */
export const StringMap = Type.Record(Type.String(), Type.String())

/** A set of names, written as an object with empty objects: exposed ports, anonymous volumes. */
export const EmptyObjectMap = Type.Record(Type.String(), Type.Object({}))

/** A list of strings. */
export const StringList = Type.Array(Type.String())

/** A list of strings for which Docker also takes one string, as a list of one. */
export const StringOrList = Type.Union([Type.Array(Type.String()), Type.String()])

/** A value that may be null. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** An RFC 3339 date; `0001-01-01T00:00:00Z` means never. */
export const Timestamp = Type.String({ description: 'RFC 3339' })

/** Docker's error body, with what Pouch adds to it. */
export const ErrorBodySchema = Type.Object({
  message: Type.String(),
  code: Type.Optional(Type.String({ description: "one of Pouch's error codes; absent with Docker's own daemon" })),
  op: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
/** Docker's error body, with what Pouch adds to it. */
export type ErrorBody = Static<typeof ErrorBodySchema>

/** The reply of what creates a thing with an id. */
export const IdResponseSchema = Type.Object({ Id: Type.String() })
/** The reply of what creates a thing with an id. */
export type IdResponse = Static<typeof IdResponseSchema>
