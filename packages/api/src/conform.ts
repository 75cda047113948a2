import { Kind, type TObject, type TSchema } from '@sinclair/typebox'

/**
 * Brings a request body into the form that its schema describes, by Docker's lenient rules: names of fields match in any
 * case (an exact match wins), a null is absent, and a list may be given as one string. Unknown fields stay. What still
 * does not fit is for the validation that follows.
 *
 * @param schema one of this package's schemas
 * @param value the parsed JSON
 */
export function conformBody(schema: TSchema, value: unknown): unknown {
  if (value === null || typeof value === 'string')
    return typeof value === 'string' && takesList(schema) ? [value] : value
  const shape = schema[Kind] === 'Union' ? memberFor(schema, value) : schema
  if (Array.isArray(value))
    return shape?.items === undefined ? value : value.map((item) => conformBody(shape.items, item))
  if (typeof value !== 'object' || shape === undefined) return value
  if (shape[Kind] === 'Object') return conformObject(shape as TObject, value as Record<string, unknown>)
  if (shape[Kind] === 'Record') return conformRecord(shape, value as Record<string, unknown>)
  return value
}

function conformObject(schema: TObject, value: Record<string, unknown>): Record<string, unknown> {
  const names = new Map(Object.keys(schema.properties).map((name) => [name.toLowerCase(), name]))
  const result: Record<string, unknown> = Object.create(null)
  for (const [key, field] of Object.entries(value)) {
    const name = Object.hasOwn(schema.properties, key) ? key : (names.get(key.toLowerCase()) ?? key)
    if (field === null || (name !== key && Object.hasOwn(value, name))) continue
    const property = schema.properties[name]
    result[name] = property === undefined ? field : conformBody(property, field)
  }
  return { ...result }
}

function conformRecord(schema: TSchema, value: Record<string, unknown>): Record<string, unknown> {
  const [item] = Object.values((schema.patternProperties ?? {}) as Record<string, TSchema>)
  if (item === undefined) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, conformBody(item, field)]))
}

const membersOf = (schema: TSchema): readonly TSchema[] => (schema[Kind] === 'Union' ? (schema.anyOf as TSchema[]) : [])

/** A schema that takes a list of strings or one string. */
function takesList(schema: TSchema): boolean {
  const kinds = membersOf(schema).map((member) => member[Kind])
  return kinds.includes('Array') && kinds.includes('String')
}

function memberFor(schema: TSchema, value: unknown): TSchema | undefined {
  const wanted = Array.isArray(value) ? ['Array'] : ['Object', 'Record']
  return membersOf(schema).find((member) => wanted.includes(member[Kind]))
}
