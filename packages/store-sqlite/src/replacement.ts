import { rename, rm, stat } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { syncDirectoryOf } from './database-file.js'

/** What was put in the place of a store's file. */
export interface Replacement {
  /** Where the file is that had the place, with its log beside it; `undefined` when there was none. */
  readonly asidePath: string | undefined
}

/** Where a whole database waits to take the place of a store's. */
export const pathOfNext = (path: string): string => `${path}.next`

/** Where a replacement is prepared. */
export const workFolderOf = (path: string): string => `${path}.repair`

/**
 * Puts the database at {@link pathOfNext} in the store's place, if one is there, and what has the place aside. To be called with the lock.
 *
 * A database and the log beside it belong together: neither may ever be seen with the other one's. So the new one is whole and
 * durable before the first step, and whoever opens the store finishes what a crash has interrupted.
 *
 * @throws PouchError by the errno
 */
export async function finishReplacement(path: string): Promise<Replacement> {
  const next = pathOfNext(path)
  try {
    const prepared = await stat(next).catch(absentAsUndefined)
    await rm(workFolderOf(path), { recursive: true, force: true })
    if (prepared === undefined) return { asidePath: undefined }
    // The same after a crash: a rename leaves the time of the file as it is.
    const asidePath = `${path}.replaced-${prepared.mtime.toISOString().replaceAll(':', '-')}`
    await moveIfThere(path, asidePath)
    await moveIfThere(`${path}-wal`, `${asidePath}-wal`)
    await syncDirectoryOf(path)
    await rename(next, path)
    await syncDirectoryOf(path)
    const isAside = (await stat(asidePath).catch(absentAsUndefined)) !== undefined
    return { asidePath: isAside ? asidePath : undefined }
  } catch (error) {
    const message = `store.open: ${next} could not be put in the place of ${path}`
    throw PouchError.from(error, { op: 'store.open', subject: path, message })
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch(absentAsUndefined)
}

function absentAsUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
