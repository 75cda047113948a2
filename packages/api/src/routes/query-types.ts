import { Type } from '@sinclair/typebox'

/** Yes or no by Docker's rule: absent, empty, `0`, `no`, `false` and `none` are no. */
export const flag = () => Type.Optional(Type.Boolean())

/** A whole number. */
export const int = () => Type.Optional(Type.Integer())

/** Text. */
export const text = () => Type.Optional(Type.String())

/** Seconds since 1970, with up to nine decimals. */
export const moment = () => Type.Optional(Type.String({ description: 'seconds since 1970, with up to nine decimals' }))

/** Filters as JSON. */
export const filters = (keys: readonly string[]) =>
  Type.Optional(Type.String({ description: `JSON: {"key":["value"]}; keys: ${keys.join(', ')}` }))

/** A map of strings, as JSON. */
export const stringMap = (description: string) =>
  Type.Optional(Type.String({ description: `JSON: {"key":"value"}; ${description}` }))
