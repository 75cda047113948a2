import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { hasCode, hasErrno, PouchError } from '@pouch/errors'
import { checkStoreFile, nodeSqliteStore, sqliteStore } from '@pouch/store-sqlite'
import type { Settings } from '../settings.js'
import { downloadBackup } from './download-backup.js'
import { fileOf } from './store-file.js'
import type { TaskReport } from './task-report.js'

const op = 'daemon.backup'

/**
 * `pouchd --backup FILE`: a whole copy of the store, made by the daemon when one is running. It is read again before it is called one.
 *
 * @throws PouchError `already-exists`: nothing is overwritten
 */
export async function backUpStore(settings: Settings, target: string): Promise<TaskReport> {
  const file = fileOf(settings)
  const place = resolve(target)
  await checkPlaces(file.path, place)
  await copyTo(settings, place)
  const { ok, entries, problems } = await checkStoreFile({ ...file, path: place })
  return { isWell: ok, lines: [`${place}: ${entries} entries${ok ? '' : ', but it is damaged'}`, ...problems] }
}

async function copyTo(settings: Settings, place: string): Promise<void> {
  const { path, binding } = fileOf(settings)
  const open = binding === 'node' ? nodeSqliteStore : sqliteStore
  try {
    const store = await open({ path })
    try {
      await store.backup(place)
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!hasCode(error, 'in-use')) throw error
    await downloadBackup(settings.listen, place, error)
  }
}

/** There is no backup of a store that is not there: to open it would make one. */
async function checkPlaces(path: string, place: string): Promise<void> {
  if (!(await isThere(path)) && !(await isThere(`${path}-wal`))) {
    throw new PouchError('not-found', `${op}: there is no store at ${path}`, { op, subject: path })
  }
  if (await isThere(place)) {
    throw new PouchError('already-exists', `${op}: ${place} exists already; give another path`, { op, subject: place })
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw PouchError.from(error, { op, subject: path, message: `${op}: ${path} cannot be used` })
  }
}
