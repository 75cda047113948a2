import {
  assertFilterKeys,
  type Filters,
  listQuery,
  parseBoolQuery,
  parseFilters,
  parseIntQuery,
  parseTail,
  parseTimestampQuery,
  type QueryValue,
} from '@pouch/api'

/** The parameters of a request's query, read by Docker's rules. */
export class Query {
  readonly #values: Readonly<Record<string, QueryValue>>

  /** @param values as a query parser gave them */
  constructor(values: Readonly<Record<string, QueryValue>>) {
    this.#values = values
  }

  /** Whether the parameter is there, with any value. */
  has(name: string): boolean {
    return this.#of(name) !== undefined
  }

  bool(name: string, absent = false): boolean {
    return parseBoolQuery(this.#of(name), absent)
  }

  /** @throws PouchError `invalid-argument` */
  int(name: string): number | undefined {
    return parseIntQuery(this.#of(name), name)
  }

  /** `undefined` when it is absent or empty. */
  text(name: string): string | undefined {
    const value = listQuery(this.#of(name))[0]
    return value === '' ? undefined : value
  }

  list(name: string): readonly string[] {
    return listQuery(this.#of(name))
  }

  tail(name: string): number | undefined {
    return parseTail(this.#of(name))
  }

  /** Nanoseconds since 1970. @throws PouchError `invalid-argument` */
  timestamp(name: string): bigint | undefined {
    return parseTimestampQuery(this.#of(name), name)
  }

  /** The `filters` parameter. @param known the keys that the route takes; any unless given @throws PouchError `invalid-argument` */
  filters(known?: readonly string[]): Filters {
    const filters = parseFilters(this.text('filters'))
    if (known !== undefined) assertFilterKeys(filters, known)
    return filters
  }

  #of(name: string): QueryValue {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
  }
}
