import { resolve } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import { sizeOfFile } from './database-file.js'
import { type FileLock, lockFile } from './file-lock.js'
import { keyvConnect } from './keyv-connection.js'
import { nodeConnect } from './node-connection.js'
import { finishReplacement } from './replacement.js'
import type { SqlConnect } from './sql-connection.js'

/** Which file of a store, and what reads it. */
export interface StoreFileOptions {
  /** The file of a store that nobody has open. */
  readonly path: string
  /** `sqlite3`, the package, or `node`, Node's own SQLite. Default `sqlite3`. */
  readonly binding?: 'sqlite3' | 'node' | undefined
}

/** A store's file that is ours for the time of one task. */
export interface HeldFile {
  readonly path: string
  readonly connect: SqlConnect
}

/**
 * Runs a task on the file of a store that nobody else has open.
 *
 * @throws PouchError `in-use` naming the process that has it; `not-found` when there is neither the file nor its log
 */
export async function withStoreFile<T>(
  options: StoreFileOptions,
  op: string,
  task: (file: HeldFile) => Promise<T>,
): Promise<T> {
  return withPlaceOfStore(options, async (file) => {
    await checkThere(file.path, op)
    return task(file)
  })
}

/** The same where there need not be a store yet. @throws PouchError `in-use` */
export async function withPlaceOfStore<T>(
  { path, binding = 'sqlite3' }: StoreFileOptions,
  task: (file: HeldFile) => Promise<T>,
): Promise<T> {
  const file = { path: resolve(path), connect: binding === 'node' ? nodeConnect : keyvConnect() }
  const lock = await lockIfWritable(file.path)
  try {
    if (lock !== undefined) await finishReplacement(file.path)
    return await task(file)
  } finally {
    await lock?.release()
  }
}

/** Where nothing can be written there is no store open. */
async function lockIfWritable(path: string): Promise<FileLock | undefined> {
  try {
    const lock = await lockFile(path)
    await lock.nameOwner()
    return lock
  } catch (error) {
    if (error instanceof Error && hasErrno(error.cause, 'EROFS')) return undefined
    throw error
  }
}

async function checkThere(path: string, op: string): Promise<void> {
  const sizes = await Promise.all([path, `${path}-wal`].map(sizeOfFile))
  if (sizes.some((size) => size !== undefined)) return
  throw new PouchError('not-found', `${op}: there is no store at ${path}`, { op, subject: path })
}
