import { decodeStored, type Entry } from '@pouch/store'
import type { CheckReport } from './check-store.js'
import { findProblems, withDatabase } from './find-problems.js'
import { mendFirstPage } from './first-page.js'
import { Salvage } from './salvage.js'
import { sqliteError } from './sqlite-error.js'
import { type StoreFileOptions, withStoreFile } from './store-file.js'
import { copyStore } from './working-copy.js'

/** Options of {@link checkStoreFile}. */
export interface CheckFileOptions extends StoreFileOptions {
  /** Given every entry that can be read, in no order: for a look at what the values say. */
  readonly onEntry?: ((entry: Entry) => void) | undefined
}

/** What a check of the file of a store has found. */
export interface FileCheckReport extends CheckReport {
  /** The keys of entries that cannot be read: a repair would lose them. */
  readonly lostKeys: readonly string[]
  /** Whether `lostKeys` names all that is lost. */
  readonly areAllNamed: boolean
}

/**
 * Looks at the file of a store that nobody has open, whatever state it is in. It works on a copy among the temporary files, and changes
 * nothing; the file may be where nothing can be written.
 *
 * @throws PouchError `in-use` naming the process that has it; `not-found`; `unsupported` when a newer version has written it; by the errno
 * when there is no room for the copy
 */
export async function checkStoreFile(options: CheckFileOptions): Promise<FileCheckReport> {
  const op = 'store.check'
  return withStoreFile(options, op, async ({ path, connect }) => {
    const copy = await copyStore(path, op)
    try {
      const problems = await findProblems(connect, copy.path)
      if (problems.length > 0) {
        await copy.refresh()
        await mendFirstPage(connect, copy.path)
      }
      return await withDatabase(connect, copy.path, (connection) =>
        readAll(new Salvage(connection), problems, options.onEntry),
      )
    } catch (error) {
      throw sqliteError(error, op, path, 'could not be looked at')
    } finally {
      await copy.remove()
    }
  })
}

async function readAll(
  salvage: Salvage,
  problems: readonly string[],
  onEntry: ((entry: Entry) => void) | undefined,
): Promise<FileCheckReport> {
  const damagedKeys: string[] = []
  let entries = 0
  for await (const { key, value } of salvage.rows()) {
    entries += 1
    const entry = decodeStored(key, value)
    if (entry === undefined) damagedKeys.push(key)
    else onEntry?.(entry)
  }
  const { lostKeys, areAllNamed } = salvage
  const ok = problems.length === 0 && damagedKeys.length === 0 && lostKeys.length === 0
  return { ok, entries, problems, damagedKeys, lostKeys, areAllNamed }
}
