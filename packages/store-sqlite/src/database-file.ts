import { chmod, link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PouchError } from '@pouch/errors'

const ownerOnly = 0o600

/**
 * Makes sure that a database is there, belongs to nobody else's eyes, and stays there after a power cut. SQLite gives its `-wal`
 * file the same mode. An existing file is not opened here: closing it would drop the locks that this process has on it.
 *
 * A new one gets its name when it is whole: so an empty file, or a log without a file, is what damage has left and not a beginning.
 *
 * @param fill makes a database of the empty file at this path, and lets go of it
 * @throws PouchError `corrupt`, or by the errno, such as `invalid-argument` for a directory
 */
export async function prepareDatabaseFile(path: string, fill: (path: string) => Promise<void>): Promise<void> {
  try {
    const bytes = await sizeOfFile(path)
    if (bytes === 0) throw remains(path, 'is empty')
    if (bytes !== undefined) {
      await rm(`${path}.new`, { force: true })
      return await chmod(path, ownerOnly)
    }
    if ((await sizeOfFile(`${path}-wal`)) !== undefined)
      throw remains(path, `is gone, and only its log ${path}-wal is left`)
    await makeDatabase(path, fill)
  } catch (cause) {
    const message = `store.open: the SQLite store ${path} cannot be used`
    throw PouchError.from(cause, { op: 'store.open', subject: path, message })
  }
}

/** Makes the entry of a file in its directory durable. */
export async function syncDirectoryOf(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function remains(path: string, what: string): PouchError {
  const wayOut = `put a backup in its place (restoreStoreFile; pouchd --restore), or begin anew: remove ${path} and ${path}-wal`
  const message = `store.open: the SQLite store ${path} ${what}, and what was in it is lost; ${wayOut}`
  return new PouchError('corrupt', message, { op: 'store.open', subject: path })
}

/** @returns `undefined` when it is not there */
export async function sizeOfFile(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found?.isFile() === false) {
    throw new PouchError('invalid-argument', `store.open: ${path} is not a file`, { op: 'store.open', subject: path })
  }
  return found?.size
}

async function makeDatabase(path: string, fill: (path: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.new`
  await makeEmptyFile(unfinished)
  try {
    await fill(unfinished)
    await syncFile(unfinished)
    await nameIfNobodyHas(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
  await syncDirectoryOf(path)
}

/** Where there is no flock another process may have made one meanwhile, and may have it open: that one stays. */
async function nameIfNobodyHas(unfinished: string, path: string): Promise<void> {
  await link(unfinished, path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return
    if (error.code !== 'EPERM' && error.code !== 'ENOTSUP') throw error
    await rename(unfinished, path)
  })
}

/** SQLite accepts an empty file, and so a database has its mode from the start. Replaces what a crash has left there. */
export async function makeEmptyFile(path: string): Promise<void> {
  await Promise.all([path, `${path}-journal`, `${path}-wal`].map((each) => rm(each, { force: true })))
  const file = await open(path, 'wx', ownerOnly)
  await file.close()
}

/** Makes the content of a file durable. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
