import { createRequire } from 'node:module'
import { PouchError } from '@pouch/errors'
import { probeFile } from './probe-file.js'
import type { SqlConnect, SqlConnection, SqlRow } from './sql-connection.js'

/** The part of @keyv/sqlite that is used. */
type KeyvSqliteModule = Pick<typeof import('@keyv/sqlite'), 'KeyvSqlite'>

/**
 * A connection of @keyv/sqlite, which works in the background on threads of libuv.
 *
 * @param load loads @keyv/sqlite; only when a store is opened, since it needs a native part
 */
export function keyvConnect(load: () => KeyvSqliteModule = requireKeyvSqlite): SqlConnect {
  return async (path, busyTimeoutMs): Promise<SqlConnection> => {
    const { KeyvSqlite } = loadOrExplain(load, path)
    await probeFile(path, busyTimeoutMs)
    const adapter = new KeyvSqlite({ uri: `sqlite://${path}`, busyTimeout: busyTimeoutMs })
    // What fails is thrown by the call that it fails; without a listener the event would end the process.
    adapter.on('error', () => {})
    return {
      query: (sql, ...parameters) => adapter.query(sql, ...parameters) as Promise<SqlRow[]>,
      close: () => adapter.close(),
    }
  }
}

// Not import(): on Node 20, when CommonJS below it throws, that is an unhandled rejection too, and ends the process.
function requireKeyvSqlite(): KeyvSqliteModule {
  return createRequire(import.meta.url)('@keyv/sqlite') as KeyvSqliteModule
}

function loadOrExplain(load: () => KeyvSqliteModule, path: string): KeyvSqliteModule {
  try {
    return load()
  } catch (cause) {
    throw missingBinding(path, cause)
  }
}

function missingBinding(path: string, cause: unknown): PouchError {
  const message =
    'sqliteStore: the native part of the package sqlite3 is missing. Let its install script run (pnpm: onlyBuiltDependencies; ' +
    'npm: `npm rebuild sqlite3`), which needs a prebuilt binary, or a C++ compiler, make, python3 and the headers of Node. ' +
    'Without it, use nodeSqliteStore on Node 22.13 or newer'
  return new PouchError('unsupported', message, {
    op: 'store.open',
    subject: path,
    details: { missing: 'sqlite3' },
    cause,
  })
}
