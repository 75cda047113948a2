import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { decodeStored } from '@pouch/store'
import { makeEmptyFile, syncDirectoryOf, syncFile } from './database-file.js'
import { fillDatabase, findProblems, withDatabase } from './find-problems.js'
import { mendFirstPage } from './first-page.js'
import { makeLayout } from './open-connection.js'
import { finishReplacement, pathOfNext, workFolderOf } from './replacement.js'
import { Salvage } from './salvage.js'
import type { SqlConnect, SqlConnection } from './sql-connection.js'
import { upsert } from './sqlite-backend.js'
import { sqliteError } from './sqlite-error.js'
import { type HeldFile, type StoreFileOptions, withStoreFile } from './store-file.js'
import { copyStore } from './working-copy.js'

const op = 'store.repair'
const batchRows = 500

/** What a repair has done. */
export interface RepairReport {
  /** What was wrong, a line each; without anything nothing was done. */
  readonly problems: readonly string[]
  /** How many entries the new file has. */
  readonly saved: number
  /** Those of them whose content is damaged; they are set aside when the store is next opened. */
  readonly damagedKeys: readonly string[]
  /** The keys of the entries that are lost. */
  readonly lostKeys: readonly string[]
  /** Whether `lostKeys` names all that is lost. */
  readonly areAllNamed: boolean
  /** Where the damaged file is now, its log beside it; `undefined` when nothing was done. */
  readonly asidePath: string | undefined
}

/**
 * Saves what can be read of a damaged file into a new one, which takes its place; the damaged one is kept aside. Either all of that
 * happens or none of it, also when the process dies midway. A file with nothing wrong is left as it is.
 *
 * @throws PouchError `in-use` naming the process that has it; `not-found`; `unsupported` when a newer version has written it; by the errno
 * when there is no room for a copy and the new file
 */
export async function repairStoreFile(options: StoreFileOptions): Promise<RepairReport> {
  return withStoreFile(options, op, repair)
}

async function repair({ path, connect }: HeldFile): Promise<RepairReport> {
  const folder = workFolderOf(path)
  await rm(folder, { recursive: true, force: true })
  const copy = await copyStore(path, op, folder)
  try {
    const problems = await findProblems(connect, copy.path)
    if (problems.length === 0) return { ...nothing, problems }
    await copy.refresh()
    await mendFirstPage(connect, copy.path)
    const fresh = join(folder, 'new.db')
    const saved = await withDatabase(connect, copy.path, (damaged) => rescue(connect, damaged, fresh))
    await rename(fresh, pathOfNext(path))
    await syncDirectoryOf(path)
    const { asidePath } = await finishReplacement(path)
    return { ...saved, problems, asidePath }
  } catch (error) {
    throw sqliteError(error, op, path, 'could not be repaired')
  } finally {
    await copy.remove()
  }
}

const nothing = { saved: 0, damagedKeys: [], lostKeys: [], areAllNamed: true, asidePath: undefined }

/** Makes a new database of what can be read of a damaged one, durably. */
async function rescue(
  connect: SqlConnect,
  damaged: SqlConnection,
  fresh: string,
): Promise<Pick<RepairReport, 'saved' | 'damagedKeys' | 'lostKeys' | 'areAllNamed'>> {
  await makeEmptyFile(fresh)
  await makeLayout(connect, fresh)
  const salvage = new Salvage(damaged)
  const kept = await fillDatabase(connect, fresh, async (connection) => copyRows(salvage, connection))
  const [problem] = await findProblems(connect, fresh)
  if (problem !== undefined) throw new PouchError('internal', `${op}: the new file is not whole: ${problem}`, { op })
  await syncFile(fresh)
  return { ...kept, lostKeys: salvage.lostKeys, areAllNamed: salvage.areAllNamed }
}

async function copyRows(salvage: Salvage, to: SqlConnection): Promise<Pick<RepairReport, 'saved' | 'damagedKeys'>> {
  const damagedKeys: string[] = []
  let saved = 0
  let batch: [string, string][] = []
  const flush = async () => {
    if (batch.length > 0) await to.query(upsert, JSON.stringify(Object.fromEntries(batch)))
    saved += batch.length
    batch = []
  }
  for await (const { key, value } of salvage.rows()) {
    if (decodeStored(key, value) === undefined) damagedKeys.push(key)
    batch.push([key, textOf(value)])
    if (batch.length === batchRows) await flush()
  }
  await flush()
  return { saved, damagedKeys }
}

/** What is no text is kept as one that the store sets aside. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value)
}
