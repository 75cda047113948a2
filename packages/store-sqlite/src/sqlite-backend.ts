import type { PouchError } from '@pouch/errors'
import { type PageRequest, prefixEnd, type StoreBackend, type StoreCapabilities, type StoredRow } from '@pouch/store'
import { withLackOfRoom } from './lack-of-room.js'
import type { SqlConnection, SqlRow } from './sql-connection.js'
import { isLastingFailure, sqliteError } from './sqlite-error.js'

const loadRows = 4096

/** One statement is one transaction and one fsync. With json_each it takes any number of keys: an object of key and text. */
export const upsert = `
  INSERT INTO keyv(key, value) SELECT key, value FROM json_each(?) WHERE true
  ON CONFLICT(key) DO UPDATE SET value = excluded.value`

// Deletes among them need a trigger, which is of this connection alone (TEMP) and does not enter the file.
const change = 'INSERT INTO pouch_changes(key, value) SELECT key, value FROM json_each(?)'
const changesView = 'CREATE TEMP VIEW pouch_changes(key, value) AS SELECT key, value FROM keyv'
const changesTrigger = `
  CREATE TEMP TRIGGER pouch_apply INSTEAD OF INSERT ON pouch_changes BEGIN
    DELETE FROM keyv WHERE key = NEW.key AND NEW.value IS NULL;
    INSERT INTO keyv(key, value) SELECT NEW.key, NEW.value WHERE NEW.value IS NOT NULL
      ON CONFLICT(key) DO UPDATE SET value = excluded.value;
  END`

// A text that is one of ours: JSON with a value. Only its revision leaves SQLite.
const revisionOfValue = `
  CASE WHEN typeof(value) = 'text' AND json_valid(value) AND json_type(value, '$.value') IS NOT NULL
  THEN json_extract(value, '$.revision') END`

// x'' is past every text: SQLite orders texts before blobs. What is no text is no key of ours.
const endOfTexts = "x''"

/** Entries in the table of @keyv/sqlite. */
export class SqliteBackend implements StoreBackend {
  readonly title: string
  readonly capabilities: StoreCapabilities = Object.freeze({
    compareAndSet: true,
    atomicBatch: true,
    watch: true,
    leases: false,
    shared: false,
    durable: true,
  })
  readonly #connection: SqlConnection
  readonly #path: string
  readonly #onClose: () => Promise<void>
  #failure: PouchError | undefined

  /** @param onClose called once, after the connection is closed */
  constructor(connection: SqlConnection, path: string, onClose: () => Promise<void>) {
    this.title = `the SQLite store ${path}`
    this.#connection = connection
    this.#path = path
    this.#onClose = onClose
  }

  get failure(): PouchError | undefined {
    return this.#failure
  }

  async *load(): AsyncGenerator<{ key: string; revision: string | undefined }, void, void> {
    await this.query('store.open', changesView)
    await this.query('store.open', changesTrigger)
    yield* this.scan('store.open')
  }

  /** Every key, in order, with its revision; `undefined` when its content is damaged. */
  async *scan(op: string): AsyncGenerator<{ key: string; revision: string | undefined }, void, void> {
    const select = (comparison: string) => `
      SELECT key, ${revisionOfValue} AS revision FROM keyv
      WHERE key ${comparison} ? AND key < ${endOfTexts} ORDER BY key LIMIT ${loadRows}`
    let rows = await this.query(op, select('>='), '')
    while (rows.length > 0) {
      for (const { key, revision } of rows) {
        yield { key: String(key), revision: typeof revision === 'string' && revision !== '' ? revision : undefined }
      }
      rows = await this.query(op, select('>'), String(rows.at(-1)?.key))
    }
  }

  async read(key: string): Promise<unknown> {
    const [row] = await this.query('store.get', 'SELECT value FROM keyv WHERE key = ?', key)
    return row?.value ?? undefined
  }

  async readPage({ prefix, start, inclusive, limit }: PageRequest): Promise<StoredRow[]> {
    const end = prefixEnd(prefix)
    const select = `
      SELECT key, value FROM keyv WHERE key ${inclusive ? '>=' : '>'} ? AND key < ${end === undefined ? endOfTexts : '?'}
      ORDER BY key LIMIT ${limit}`
    const rows = await this.query('store.list', select, start, ...(end === undefined ? [] : [end]))
    return rows.map(({ key, value }) => ({ key: String(key), stored: value }))
  }

  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    const texts: string[] = []
    let deletes = false
    for (const [key, stored] of changes) {
      deletes ||= stored === undefined
      texts.push(`${JSON.stringify(key)}:${stored === undefined ? 'null' : JSON.stringify(stored)}`)
    }
    try {
      await this.query('store.write', deletes ? change : upsert, `{${texts.join(',')}}`)
    } catch (error) {
      // The kernel tells of a page that it could not write once, and takes it for written from then on.
      if (!isLastingFailure(error)) throw error
      this.#failure ??= error
      this.#failure = await withLackOfRoom(this.#failure, this.#path)
      throw this.#failure
    }
  }

  async close(): Promise<void> {
    try {
      await this.#connection.close()
    } catch (error) {
      throw sqliteError(error, 'store.close', this.#path, 'could not be closed')
    } finally {
      await this.#onClose()
    }
  }

  /** Runs a statement. @throws PouchError */
  async query(op: string, sql: string, ...parameters: (string | number)[]): Promise<readonly SqlRow[]> {
    try {
      return await this.#connection.query(sql, ...parameters)
    } catch (error) {
      throw sqliteError(error, op, this.#path, op === 'store.write' ? 'could not be written' : 'could not be read')
    }
  }
}
