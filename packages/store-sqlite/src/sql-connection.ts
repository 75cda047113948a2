/**
 * One connection to an SQLite file. The store makes one call at a time, and every call is a whole transaction of its own.
 */
export interface SqlConnection {
  /** Runs a statement. @returns its rows @throws whatever the library throws; see `sqliteError` */
  query(sql: string, ...parameters: (string | number)[]): Promise<readonly SqlRow[]>
  close(): Promise<void>
}

/** A row: the columns by their names. */
export type SqlRow = Readonly<Record<string, unknown>>

/** Opens a connection to a file that exists. */
export type SqlConnect = (path: string, busyTimeoutMs: number) => Promise<SqlConnection>

/** The table of @keyv/sqlite, word for word, so that either library finds the other's files. */
export const createTable = 'CREATE TABLE IF NOT EXISTS keyv(key VARCHAR(255) PRIMARY KEY, value TEXT )'
