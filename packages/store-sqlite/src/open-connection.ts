import { hasCode, PouchError } from '@pouch/errors'
import { inUse } from './file-lock.js'
import type { SqlConnect, SqlConnection } from './sql-connection.js'
import { sqliteError } from './sqlite-error.js'

/** How the table is used, kept as the file's user_version. */
export const layoutVersion = 1

// In this order: the exclusive mode has to be there before the log is first used, and the lock is taken by a transaction.
const settings = [
  'PRAGMA locking_mode=EXCLUSIVE',
  'PRAGMA journal_mode=WAL',
  'PRAGMA synchronous=FULL',
  'PRAGMA temp_store=MEMORY',
  'PRAGMA journal_size_limit=33554432',
  'BEGIN EXCLUSIVE',
  'COMMIT',
]

/**
 * Opens a file, sets it up, takes SQLite's own lock, and checks that the file is whole and of a version that is known.
 *
 * @throws PouchError `in-use`, `corrupt`, `unsupported` for a newer layout, or by what SQLite says
 */
export async function openConnection(connect: SqlConnect, path: string, busyTimeoutMs: number): Promise<SqlConnection> {
  const connection = await connect(path, busyTimeoutMs).catch((error: unknown) => throwOpenError(error, path))
  try {
    for (const setting of settings) await connection.query(setting)
    await checkFile(connection, path)
    await checkLayout(connection, path)
    return connection
  } catch (error) {
    // Closing what never opened fails with the same error again.
    await connection.close().catch(() => undefined)
    return throwOpenError(error, path)
  }
}

async function checkFile(connection: SqlConnection, path: string): Promise<void> {
  const [mode] = await connection.query('PRAGMA journal_mode')
  if (mode?.journal_mode !== 'wal') {
    const message = `store.open: the SQLite store ${path} cannot keep a write-ahead log; its file system does not allow it`
    throw new PouchError('unsupported', message, { op: 'store.open', subject: path })
  }
  const [finding] = await connection.query('PRAGMA quick_check(1)')
  if (finding?.quick_check === 'ok') return
  throw sqliteError(
    Object.assign(new Error(String(finding?.quick_check)), { errno: 11 }),
    'store.open',
    path,
    'is damaged',
  )
}

async function checkLayout(connection: SqlConnection, path: string): Promise<void> {
  const [row] = await connection.query('PRAGMA user_version')
  const version = Number(row?.user_version)
  if (version > layoutVersion) {
    const message =
      `store.open: the SQLite store ${path} has layout ${version}, and this Pouch knows layouts up to ${layoutVersion}: ` +
      'it was written by a newer version. Run that version, or restore the backup that it made before it upgraded'
    throw new PouchError('unsupported', message, {
      op: 'store.open',
      subject: path,
      details: { version, known: layoutVersion },
    })
  }
  if (version < layoutVersion) await connection.query(`PRAGMA user_version=${layoutVersion}`)
}

async function throwOpenError(error: unknown, path: string): Promise<never> {
  const opened = sqliteError(error, 'store.open', path, 'could not be opened')
  throw hasCode(opened, 'in-use') ? await inUse(path, error) : opened
}
