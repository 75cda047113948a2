import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { BackedStore, type BackupStore, type QuarantinedEntry, type StoreLog } from '@pouch/store'
import { backUp } from './backup.js'
import { type CheckReport, checkStore } from './check-store.js'
import { prepareDatabaseFile } from './database-file.js'
import { type Flock, lockFile } from './file-lock.js'
import { keyvConnect } from './keyv-connection.js'
import { nodeConnect } from './node-connection.js'
import { makeLayout, openConnection } from './open-connection.js'
import { finishReplacement } from './replacement.js'
import type { SqlConnect } from './sql-connection.js'
import { SqliteBackend } from './sqlite-backend.js'

/** Options of {@link sqliteStore} and {@link nodeSqliteStore}. */
export interface SqliteStoreOptions {
  /** The file; it is made when it is not there, its directory is not. Beside it are `-wal` and `.lock` while it is open. */
  readonly path: string
  /** How long SQLite waits for another process that has the file locked, in milliseconds. Default 5000. */
  readonly busyTimeoutMs?: number | undefined
  /** Told what is wrong with stored entries. */
  readonly log?: StoreLog | undefined
}

/** A metadata store in an SQLite file. */
export interface SqliteStore extends BackupStore {
  /** The damaged entries that were set aside when the store was opened. */
  readonly quarantined: readonly QuarantinedEntry[]
  /** Reads the whole file and says what is wrong with it. Other calls wait meanwhile. */
  check(): Promise<CheckReport>
}

/** What a test may put in place of the real thing. */
export interface SqliteStoreParts {
  readonly connect: SqlConnect
  readonly loadFlock?: () => Flock | undefined
}

/**
 * Opens a store in an SQLite file, over @keyv/sqlite. A write resolves when it is on the disk (WAL, synchronous FULL); those
 * that wait at a time share one fsync. One process has the file at a time.
 *
 * @throws PouchError `unsupported` when the native part of the package sqlite3 is missing, or the file is of a newer layout;
 * `in-use` naming the process that has it; `corrupt` naming the file; `not-found` when its directory is not there
 */
export function sqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  return openSqliteStore(options, { connect: keyvConnect() })
}

/**
 * The same store over Node's own SQLite: for Node 22.13 and newer, with nothing to compile. It is synchronous: the event loop stands
 * still for each fsync.
 *
 * @throws PouchError as {@link sqliteStore}; `unsupported` when this Node has no SQLite
 */
export function nodeSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  return openSqliteStore(options, { connect: nodeConnect })
}

/** Opens a store with the parts given. */
export async function openSqliteStore(options: SqliteStoreOptions, parts: SqliteStoreParts): Promise<SqliteStore> {
  const { path, busyTimeoutMs } = checkOptions(options)
  const lock = await lockFile(path, parts.loadFlock)
  let backend: SqliteBackend
  try {
    await finishReplacement(path)
    await prepareDatabaseFile(path, (empty) => makeLayout(parts.connect, empty))
    const connection = await openConnection(parts.connect, path, busyTimeoutMs)
    await lock.nameOwner()
    backend = new SqliteBackend(connection, path, () => lock.release())
  } catch (error) {
    await lock.release()
    throw error
  }
  const store = await BackedStore.open(backend, options.log)
  return Object.assign(store, {
    backup: (target?: string) => store.exclusive('store.backup', () => backUp(backend, path, target)),
    check: () => store.exclusive('store.check', () => checkStore(backend)),
  })
}

function checkOptions({ path, busyTimeoutMs = 5000 }: SqliteStoreOptions): { path: string; busyTimeoutMs: number } {
  if (typeof path !== 'string' || path === '' || path.includes('\0') || path === ':memory:') {
    const message = `sqliteStore: ${JSON.stringify(path)} is not the path of a file; for a store in memory there is memoryStore`
    throw new PouchError('invalid-argument', message, { op: 'store.open' })
  }
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 1 || busyTimeoutMs > 0x7fffffff) {
    const message = `sqliteStore: busyTimeoutMs is ${String(busyTimeoutMs)}, not a whole number of milliseconds from 1 on`
    throw new PouchError('invalid-argument', message, { op: 'store.open', subject: path })
  }
  return { path: resolve(path), busyTimeoutMs }
}
