import { hasCode, PouchError } from '@pouch/errors'
import { inUse } from './file-lock.js'
import { withLackOfRoom } from './lack-of-room.js'
import type { SqlConnect, SqlConnection } from './sql-connection.js'
import { isFull, sqliteError } from './sqlite-error.js'

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
    await foldLog(connection)
    return connection
  } catch (error) {
    // Closing what never opened fails with the same error again.
    await connection.close().catch(() => undefined)
    return throwOpenError(error, path)
  }
}

/** Makes the database of a new store in an empty file. @throws PouchError */
export async function makeLayout(connect: SqlConnect, path: string): Promise<void> {
  try {
    const connection = await connect(path, 1000)
    try {
      await connection.query(`PRAGMA user_version=${layoutVersion}`)
    } finally {
      await connection.close()
    }
  } catch (error) {
    throw sqliteError(error, 'store.open', path, 'could not be made')
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

/** @throws PouchError `unsupported` when a newer version has written it */
export async function checkLayout(connection: SqlConnection, path: string): Promise<void> {
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

/**
 * Writes what the last process has left in the log into the file. That process may have been told that the log could not be
 * written, and the kernel would not say so again: now it is written once more, before anyone relies on it.
 */
async function foldLog(connection: SqlConnection): Promise<void> {
  try {
    await connection.query('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    // On a full disk the log stays, and there is a store that can be read and deleted from.
    if (!isFull(error)) throw error
  }
}

async function throwOpenError(error: unknown, path: string): Promise<never> {
  const opened = await withLackOfRoom(sqliteError(error, 'store.open', path, 'could not be opened'), path)
  throw hasCode(opened, 'in-use') ? await inUse(path, error) : opened
}
