import { PouchError } from '@pouch/errors'
import { createTable, type SqlConnect, type SqlConnection, type SqlRow } from './sql-connection.js'

/** The part of node:sqlite that is used; the types of Node 20 do not have it. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options: { readonly timeout: number }) => DatabaseSync
}

interface DatabaseSync {
  prepare(sql: string): { all(...parameters: (string | number)[]): SqlRow[] }
  close(): void
}

/** A connection of Node's own SQLite. It is synchronous: the event loop stands still while the disk is written. */
export const nodeConnect: SqlConnect = async (path, busyTimeoutMs): Promise<SqlConnection> => {
  const { DatabaseSync } = builtIn(path)
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  const query = async (sql: string, ...parameters: (string | number)[]) => {
    const statement = statements.get(sql) ?? database.prepare(sql)
    statements.set(sql, statement)
    return statement.all(...parameters)
  }
  try {
    await query(`PRAGMA busy_timeout=${busyTimeoutMs}`)
    await query(createTable)
  } catch (error) {
    database.close()
    throw error
  }
  return {
    query,
    close: async () => {
      statements.clear()
      database.close()
    },
  }
}

function builtIn(path: string): NodeSqlite {
  // Not an import: bundlers take the `node:` off, and there is no package called sqlite that would do.
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown }
  const module = getBuiltinModule?.('node:sqlite')
  if (module !== undefined) return module as NodeSqlite
  const message = `nodeSqliteStore: this is Node ${process.versions.node}, and its own SQLite came with 22.13; use sqliteStore`
  throw new PouchError('unsupported', message, { op: 'store.open', subject: path, details: { missing: 'node:sqlite' } })
}
