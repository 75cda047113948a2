import { PouchError } from '@pouch/errors'

/** One parameter of a query as servers hand it over: absent, one value, or one for each time that it was given. */
export type QueryValue = string | readonly string[] | undefined

const falseWords: ReadonlySet<string> = new Set(['', '0', 'no', 'false', 'none'])

/** Docker's rule for yes or no: absent, empty, `0`, `no`, `false` and `none` mean no; everything else means yes. */
export function parseBoolQuery(value: QueryValue, absent = false): boolean {
  const text = firstOf(value)
  return text === undefined ? absent : !falseWords.has(text.trim().toLowerCase())
}

/**
 * A whole number of a query.
 *
 * @returns `undefined` when it is absent or empty
 * @throws PouchError `invalid-argument` naming the parameter
 */
export function parseIntQuery(value: QueryValue, name: string): number | undefined {
  const text = firstOf(value)
  if (text === undefined || text === '') return undefined
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw new PouchError('invalid-argument', `invalid value for ${name}: '${text}' is not a whole number`, {
    op: 'api.query',
    subject: name,
  })
}

/**
 * A moment of a query, written as seconds since 1970 with up to nine decimals.
 *
 * @returns nanoseconds since 1970; `undefined` when it is absent, empty or `0`, which all mean unbounded
 * @throws PouchError `invalid-argument` naming the parameter
 */
export function parseTimestampQuery(value: QueryValue, name: string): bigint | undefined {
  const text = firstOf(value)
  if (text === undefined || text === '' || text === '0') return undefined
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text)
  if (match?.[2] !== undefined) {
    const nanos = BigInt(match[2]) * 1_000_000_000n + BigInt((match[3] ?? '').padEnd(9, '0'))
    return match[1] === '-' ? -nanos : nanos
  }
  throw new PouchError(
    'invalid-argument',
    `invalid value for ${name}: '${text}' is not a number of seconds since 1970`,
    {
      op: 'api.query',
      subject: name,
    },
  )
}

/**
 * A map of strings, written as JSON: `{"key":"value"}`.
 *
 * @returns `undefined` when it is absent or empty
 * @throws PouchError `invalid-argument` naming the parameter
 */
export function parseMapQuery(value: QueryValue, name: string): Readonly<Record<string, string>> | undefined {
  const text = firstOf(value)
  if (text === undefined || text === '') return undefined
  const map = jsonOf(text)
  const isMap = typeof map === 'object' && map !== null && !Array.isArray(map)
  if (isMap && Object.values(map).every((item) => typeof item === 'string')) return map as Record<string, string>
  // Not the text itself: an option may hold a password.
  throw new PouchError('invalid-argument', `invalid value for ${name}: write {"key":"value"} as JSON`, {
    op: 'api.query',
    subject: name,
  })
}

/** Every value of a parameter that may be repeated. */
export function listQuery(value: QueryValue): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}

/**
 * How many of the last lines of a log: a number, or `undefined` for all. What is neither means all, as Docker has it.
 */
export function parseTail(value: QueryValue): number | undefined {
  const text = firstOf(value)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** A value that can be put into a query; `undefined` and `false` leave the parameter out. */
export type QueryInput = string | number | boolean | readonly string[] | undefined

/** Writes a query with its `?`; empty when nothing is in it. `true` is written `1`, lists are repeated. */
export function encodeQuery(parameters: Readonly<Record<string, QueryInput>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === false) continue
    if (typeof value === 'object') for (const item of value) query.append(name, item)
    else query.append(name, value === true ? '1' : String(value))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON at all is refused with what is not a map.
    return undefined
  }
}

function firstOf(value: QueryValue): string | undefined {
  return typeof value === 'object' ? value[0] : value
}
