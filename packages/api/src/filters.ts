import { PouchError } from '@pouch/errors'

/** Filters of a list, prune or events call: each key with the values asked for. */
export type Filters = Readonly<Record<string, readonly string[]>>

/**
 * Reads the `filters` parameter in both of Docker's forms: `{"label":["a"]}` and `{"label":{"a":true}}`.
 *
 * @param text the parameter as it came; absent and empty mean no filters
 * @returns a record without a prototype, so that no key is there by itself
 * @throws PouchError `invalid-argument` on anything else; the message is Docker's
 */
export function parseFilters(text: string | undefined): Filters {
  const filters: Record<string, readonly string[]> = Object.create(null)
  if (text === undefined || text.trim() === '') return filters
  const parsed = parseJson(text)
  if (parsed === null) return filters
  if (!isRecord(parsed)) throw invalid(text)
  for (const [key, values] of Object.entries(parsed)) filters[key] = valuesOf(values, text)
  return filters
}

/** Writes filters in the form that Docker's CLI sends; empty filters give `undefined`. */
export function encodeFilters(filters: Filters | undefined): string | undefined {
  const entries = Object.entries(filters ?? {}).filter(([, values]) => values.length > 0)
  if (entries.length === 0) return undefined
  const sets = entries.map(([key, values]) => [key, Object.fromEntries(values.map((value) => [value, true]))])
  return JSON.stringify(Object.fromEntries(sets))
}

/**
 * Refuses a key that a route does not know.
 *
 * @throws PouchError `invalid-argument` with Docker's words
 */
export function assertFilterKeys(filters: Filters, known: readonly string[]): void {
  for (const key of Object.keys(filters)) {
    if (known.includes(key)) continue
    throw new PouchError('invalid-argument', `invalid filter '${key}': use one of ${known.join(', ')}`, {
      op: 'api.filters',
      subject: key,
      details: { known },
    })
  }
}

/**
 * The value of a filter that is yes or no: `true`, `1`, `false` or `0`.
 *
 * @returns `undefined` when the filter is absent
 * @throws PouchError `invalid-argument` on another value, or on both at once
 */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters[key]
  if (values === undefined) return undefined
  const [yes, no] = [values.some((v) => v === 'true' || v === '1'), values.some((v) => v === 'false' || v === '0')]
  if (yes !== no && values.every((v) => ['true', '1', 'false', '0'].includes(v))) return yes
  throw new PouchError('invalid-argument', `invalid filter '${key}=[${values.join(' ')}]': write true or false`, {
    op: 'api.filters',
    subject: key,
  })
}

/**
 * Whether labels have all that a `label` filter asks for: `key` is there, or `key=value` is equal.
 *
 * @param wanted absent and empty match everything
 */
export function matchesLabels(
  labels: Readonly<Record<string, string>> | undefined,
  wanted: readonly string[] | undefined,
): boolean {
  return (wanted ?? []).every((text) => {
    const at = text.indexOf('=')
    const key = at < 0 ? text : text.slice(0, at)
    if (labels === undefined || !Object.hasOwn(labels, key)) return false
    return at < 0 || labels[key] === text.slice(at + 1)
  })
}

function valuesOf(values: unknown, text: string): readonly string[] {
  if (Array.isArray(values)) {
    if (!values.every((value) => typeof value === 'string')) throw invalid(text)
    return [...new Set(values as string[])]
  }
  if (!isRecord(values) || !Object.values(values).every((on) => typeof on === 'boolean')) throw invalid(text)
  return Object.entries(values).flatMap(([value, on]) => (on === true ? [value] : []))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(text, error)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(text: string, cause?: unknown): PouchError {
  return new PouchError(
    'invalid-argument',
    'invalid filter: write {"key":["value"]} or {"key":{"value":true}} as JSON',
    {
      op: 'api.filters',
      subject: text.slice(0, 200),
      cause,
    },
  )
}
