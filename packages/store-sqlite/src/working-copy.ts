import { constants, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'

/** Copies of a database and its log, to be opened in place of the originals. SQLite changes what it opens. */
export interface WorkingCopy {
  readonly path: string
  /** Copies again, over whatever has become of the copies. */
  refresh(): Promise<void>
  remove(): Promise<void>
}

/**
 * Copies a database and its log into a directory that is for the owner alone.
 *
 * @param folder made for it; without one, a new one among the temporary files
 * @throws PouchError by the errno; `exhausted` says where room is needed
 */
export async function copyStore(path: string, op: string, folder?: string): Promise<WorkingCopy> {
  const place = folder ?? (await mkdtemp(join(tmpdir(), 'pouch-store-')))
  try {
    if (folder !== undefined) await mkdir(folder, { mode: 0o700 })
    const copy = join(place, 'copy.db')
    const refresh = async () => {
      await Promise.all(['', '-wal', '-journal'].map((suffix) => rm(`${copy}${suffix}`, { force: true })))
      await copyIfThere(path, copy)
      await copyIfThere(`${path}-wal`, `${copy}-wal`)
    }
    await refresh()
    return { path: copy, refresh, remove: () => rm(place, { recursive: true, force: true }) }
  } catch (error) {
    await rm(place, { recursive: true, force: true })
    const message = `${op}: ${path} could not be copied into ${place}, where it is to be read`
    throw PouchError.from(error, { op, subject: path, message })
  }
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE).catch((error: unknown) => {
    if (!hasErrno(error, 'ENOENT')) throw error
  })
}
