import { PouchError } from '@pouch/errors'

/** The part of a JSON schema that {@link readLax} goes by; every TypeBox schema has it. */
export interface LaxSchema {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly anyOf?: readonly LaxSchema[]
  readonly allOf?: readonly LaxSchema[]
  readonly properties?: Readonly<Record<string, LaxSchema>>
  readonly patternProperties?: Readonly<Record<string, LaxSchema>>
  readonly additionalProperties?: boolean | LaxSchema
  readonly items?: LaxSchema
}

/**
 * Reads a value as Docker's own server reads JSON: names of fields match whatever their case, unknown fields are left out,
 * null counts as absent. A wrong type is an error.
 *
 * @param schema what is expected
 * @param value what JSON.parse gave
 * @returns a copy with the schema's own spelling of every field
 * @throws PouchError `invalid-argument` naming the field
 */
export function readLax(schema: LaxSchema, value: unknown, path = ''): unknown {
  if (schema.anyOf !== undefined) return readAny(schema.anyOf, value, path)
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map((part) => readLax(part, value, path)))
  if (schema.const !== undefined)
    return value === schema.const ? value : wrong(path, value, JSON.stringify(schema.const))
  if (schema.type === 'object') return readObject(schema, value, path)
  if (schema.type === 'array') return readArray(schema, value, path)
  return readScalar(schema, value, path)
}

function readAny(schemas: readonly LaxSchema[], value: unknown, path: string): unknown {
  let failure: unknown
  for (const schema of schemas) {
    try {
      return readLax(schema, value, path)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

function readScalar(schema: LaxSchema, value: unknown, path: string): unknown {
  const type = schema.type
  if (type === undefined) return value
  if (type === 'null' ? value === null : type === 'integer' ? Number.isInteger(value) : typeof value === type)
    return value
  return wrong(path, value, type === 'integer' ? 'a whole number' : type === 'null' ? 'null' : `a ${String(type)}`)
}

function readArray(schema: LaxSchema, value: unknown, path: string): unknown {
  if (!Array.isArray(value)) return wrong(path, value, 'a list')
  return value.map((item, index) => readLax(schema.items ?? {}, item, `${path}[${index}]`))
}

function readObject(schema: LaxSchema, value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, value, 'an object')
  if (schema.properties === undefined || Object.keys(schema.properties).length === 0)
    return readMap(schema, value, path)
  const spelling = new Map(Object.keys(schema.properties).map((name) => [name.toLowerCase(), name]))
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const name = spelling.get(key.toLowerCase())
    if (name === undefined && schema.additionalProperties === false)
      throw unknownField(path, key, [...spelling.values()])
    const property = name === undefined ? undefined : schema.properties[name]
    if (name === undefined || property === undefined || item === null) continue
    if (name !== key && Object.hasOwn(value, name)) continue
    out[name] = readLax(property, item, path === '' ? name : `${path}.${name}`)
  }
  return out
}

function readMap(schema: LaxSchema, value: object, path: string): unknown {
  const additional = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
  const items = Object.values(schema.patternProperties ?? {})[0] ?? additional
  const entries: [string, unknown][] = []
  for (const [key, item] of Object.entries(value)) {
    if (items === undefined) entries.push([key, item])
    else if (item !== null) entries.push([key, readLax(items, item, `${path}["${key.slice(0, 64)}"]`)])
    else if (allowsNull(items)) entries.push([key, null])
  }
  return Object.fromEntries(entries)
}

function allowsNull(schema: LaxSchema): boolean {
  return schema.type === 'null' || (schema.anyOf?.some(allowsNull) ?? false)
}

function unknownField(path: string, key: string, known: readonly string[]): PouchError {
  const name = path === '' ? key : `${path}.${key}`
  return new PouchError(
    'invalid-argument',
    `invalid JSON: there is no field ${name.slice(0, 64)}; there are ${known.join(', ')}`,
    {
      op: 'http.body',
      subject: name.slice(0, 64),
    },
  )
}

function wrong(path: string, value: unknown, expected: string): never {
  const found =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a list'
        : typeof value === 'object'
          ? 'an object'
          : `a ${typeof value}`
  const where = path === '' ? 'the body' : path
  throw new PouchError('invalid-argument', `invalid JSON: ${where} is ${found} where ${expected} is expected`, {
    op: 'http.body',
    subject: path,
  })
}
