import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { sizeOfFile, syncDirectoryOf, syncFile } from './database-file.js'
import { findProblems } from './find-problems.js'
import { finishReplacement, pathOfNext, type Replacement, workFolderOf } from './replacement.js'
import { type StoreFileOptions, withPlaceOfStore } from './store-file.js'
import { copyStore } from './working-copy.js'

const op = 'store.restore'

/** Options of {@link restoreStoreFile}. */
export interface RestoreOptions extends StoreFileOptions {
  /** The backup; it stays as it is. */
  readonly from: string
}

/**
 * Puts a backup in the place of a store that nobody has open, if there is one, and keeps that aside. Either all of that happens or none of
 * it, also when the process dies midway. To copy a file over the store's by hand would leave the log of the one beside the other.
 *
 * @throws PouchError `in-use` naming the process that has the store; `not-found` without a backup; `corrupt` when the backup is damaged, or
 * none; `unsupported` when a newer version has written it
 */
export async function restoreStoreFile(options: RestoreOptions): Promise<Replacement> {
  const from = resolve(options.from)
  return withPlaceOfStore(options, async ({ path, connect }) => {
    if ((await sizeOfFile(from)) === undefined) {
      throw new PouchError('not-found', `${op}: there is no backup at ${from}`, { op, subject: from })
    }
    const folder = workFolderOf(path)
    await rm(folder, { recursive: true, force: true })
    const copy = await copyStore(from, op, folder)
    try {
      const [problem] = await findProblems(connect, copy.path)
      if (problem !== undefined) {
        throw new PouchError('corrupt', `${op}: ${from} is damaged, or no backup: ${problem}`, { op, subject: from })
      }
      await syncFile(copy.path)
      await rename(copy.path, pathOfNext(path))
      await syncDirectoryOf(path)
      return await finishReplacement(path)
    } finally {
      await copy.remove()
    }
  })
}
