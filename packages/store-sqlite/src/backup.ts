import { open, rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { syncDirectoryOf } from './database-file.js'
import type { SqliteBackend } from './sqlite-backend.js'

/**
 * Copies a store into a file of its own, which is there whole or not at all.
 *
 * @returns where it is
 * @throws PouchError `already-exists`, or by what went wrong; nothing is left behind then
 */
export async function backUp(backend: SqliteBackend, path: string, target?: string): Promise<string> {
  const op = 'store.backup'
  const place = resolve(target ?? `${path}.backup-${new Date().toISOString().replaceAll(':', '-')}`)
  const partial = `${place}.partial`
  if (await exists(place)) {
    throw new PouchError('already-exists', `${op}: ${place} exists already; give another path`, { op, subject: place })
  }
  try {
    // SQLite accepts an empty file, and so the copy has its mode from the start.
    await (await open(partial, 'w', 0o600)).close()
    await backend.query(op, 'VACUUM INTO ?', partial)
    await sync(partial)
    await rename(partial, place)
    await syncDirectoryOf(place)
    return place
  } catch (error) {
    await rm(partial, { force: true })
    throw PouchError.from(error, { op, subject: place, message: `${op}: ${place} could not be written` })
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw PouchError.from(error, { op: 'store.backup', subject: path, message: `store.backup: ${path} cannot be used` })
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
