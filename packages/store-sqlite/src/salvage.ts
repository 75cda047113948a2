import type { SqlConnection, SqlRow } from './sql-connection.js'
import { isDamage } from './sqlite-error.js'

const batchRows = 64
const rowsOfPage = 128

/** A row as it was found: `value` is a text, or whatever damage has made of it. */
export interface SalvagedRow {
  readonly key: string
  readonly value: unknown
}

/**
 * Reads a damaged table row by row: past pages that cannot be read, and then once more by the index, which also knows the names of
 * what is lost.
 */
export class Salvage {
  readonly #connection: SqlConnection
  readonly #seen = new Set<string>()
  readonly #lostKeys: string[] = []
  #isTableWhole = true
  #isIndexWhole = true

  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  /** The keys of entries that could not be read. */
  get lostKeys(): readonly string[] {
    return this.#lostKeys
  }

  /** Whether {@link lostKeys} names all of them: the index was readable from its one end to the other, and knew all that was found. */
  get areAllNamed(): boolean {
    return this.#isIndexWhole
  }

  /** Every row that can be read, each key once. To be called once. @throws what is no damage, such as a disk that fails */
  async *rows(): AsyncGenerator<SalvagedRow, void, void> {
    for await (const row of this.#inOrder()) if (this.#isNew(row)) yield { key: row.key, value: row.value }
    const indexed = await this.#indexed()
    this.#isIndexWhole &&= this.#hasAll(indexed)
    for (const { key, id } of indexed) {
      if (this.#seen.has(key)) continue
      const [row] = await this.#attempt('SELECT key, value FROM keyv NOT INDEXED WHERE rowid = ?', id)
      if (row !== undefined && row.key === key && this.#isNew(row)) yield { key, value: row.value }
      else this.#lostKeys.push(key)
    }
  }

  /** Whether an index is one of this table: damage may have made an empty one of it, or one of something else. */
  #hasAll(indexed: readonly { readonly key: string }[]): boolean {
    const keys = new Set(indexed.map(({ key }) => key))
    for (const key of this.#seen) if (!keys.has(key)) return false
    return this.#isTableWhole || keys.size > 0
  }

  /** What has no text for a key is no entry, as for the store. */
  #isNew(row: SqlRow): row is SqlRow & { readonly key: string } {
    if (typeof row.key !== 'string' || this.#seen.has(row.key)) return false
    this.#seen.add(row.key)
    return true
  }

  async *#inOrder(): AsyncGenerator<SqlRow, void, void> {
    const last = await this.#lastRowId()
    let after = 0
    for (;;) {
      const rows = (await this.#after(after, batchRows)) ?? (await this.#pastDamage(after, last))
      for (const row of rows) {
        // A damaged page may lead back to where we were.
        if (!(Number(row.id) > after)) return
        after = Number(row.id)
        yield row
      }
      if (rows.length === 0) return
    }
  }

  /** The next row that can be read: each of the row ids is tried, since a page may have a single row. */
  async #pastDamage(after: number, last: number): Promise<readonly SqlRow[]> {
    for (let at = after; at < last; at += 1) {
      const rows = await this.#after(at, 1)
      if (rows !== undefined) return rows
    }
    return []
  }

  /** @returns `undefined` when damage is in the way */
  async #after(id: number, limit: number): Promise<readonly SqlRow[] | undefined> {
    const select = `SELECT rowid AS id, key, value FROM keyv NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ${limit}`
    const rows = await this.#tryQuery(select, id)
    if (rows === undefined) this.#isTableWhole = false
    return rows
  }

  /** An upper bound of the row ids, for when the last page cannot be read either. */
  async #lastRowId(): Promise<number> {
    const [row] = await this.#attempt('SELECT max(rowid) AS id FROM keyv NOT INDEXED')
    if (typeof row?.id === 'number') return row.id
    const ids = (await this.#indexed()).map(({ id }) => id)
    const [pages] = await this.#attempt('PRAGMA page_count')
    return ids.reduce((most, id) => Math.max(most, id), Number(pages?.page_count ?? 0) * rowsOfPage)
  }

  /** What the index knows, from both of its ends when it is damaged between them. */
  async #indexed(): Promise<{ readonly key: string; readonly id: number }[]> {
    const ids = new Map<string, number>()
    const isWhole = await this.#walkIndex(ids, '>', 'ASC')
    if (!isWhole) await this.#walkIndex(ids, '<', 'DESC')
    this.#isIndexWhole = isWhole
    return [...ids].map(([key, id]) => ({ key, id }))
  }

  /** @returns whether the other end was reached */
  async #walkIndex(ids: Map<string, number>, comparison: '>' | '<', order: 'ASC' | 'DESC'): Promise<boolean> {
    const from = 'FROM keyv INDEXED BY sqlite_autoindex_keyv_1'
    let last: string | undefined
    let limit = batchRows
    for (;;) {
      const where = last === undefined ? `key < x''` : `key ${comparison} ? AND key < x''`
      const select = `SELECT key, rowid AS id ${from} WHERE ${where} ORDER BY key ${order} LIMIT ${limit}`
      const rows = await this.#tryQuery(select, ...(last === undefined ? [] : [last]))
      if (rows === undefined && limit === 1) return false
      if (rows === undefined) limit = 1
      else if (rows.length === 0) return true
      const before = ids.size
      for (const { key, id } of rows ?? []) if (typeof key === 'string') ids.set(key, Number(id))
      if (rows !== undefined && ids.size === before) return false
      last = typeof rows?.at(-1)?.key === 'string' ? String(rows.at(-1)?.key) : last
    }
  }

  async #attempt(sql: string, ...parameters: number[]): Promise<readonly SqlRow[]> {
    return (await this.#tryQuery(sql, ...parameters)) ?? []
  }

  /** @returns `undefined` when damage is in the way @throws what else the library throws: what was not asked for is not lost */
  async #tryQuery(sql: string, ...parameters: (string | number)[]): Promise<readonly SqlRow[] | undefined> {
    try {
      return await this.#connection.query(sql, ...parameters)
    } catch (error) {
      if (!isDamage(error)) throw error
      return undefined
    }
  }
}
