import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { makeEmptyFile, sizeOfFile, syncDirectoryOf, syncFile } from './database-file.js'
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
  if ((await sizeOfFile(place)) !== undefined) {
    throw new PouchError('already-exists', `${op}: ${place} exists already; give another path`, { op, subject: place })
  }
  try {
    await makeEmptyFile(partial)
    await backend.query(op, 'VACUUM INTO ?', partial)
    await syncFile(partial)
    await rename(partial, place)
    await syncDirectoryOf(place)
    return place
  } catch (error) {
    await rm(partial, { force: true })
    throw PouchError.from(error, { op, subject: place, message: `${op}: ${place} could not be written` })
  }
}
