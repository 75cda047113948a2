import { chmod, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PouchError } from '@pouch/errors'

const ownerOnly = 0o600

/**
 * Makes sure that the file is there, belongs to nobody else's eyes, and stays there after a power cut. SQLite gives its `-wal`
 * file the same mode. An existing file is not opened here: closing it would drop the locks that this process has on it.
 *
 * @throws PouchError by the errno, such as `invalid-argument` for a directory
 */
export async function prepareDatabaseFile(path: string): Promise<void> {
  try {
    if (await isFile(path)) await chmod(path, ownerOnly)
    else await makeFile(path)
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

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found?.isFile() === false) {
    throw new PouchError('invalid-argument', `store.open: ${path} is not a file`, { op: 'store.open', subject: path })
  }
  return found !== undefined
}

async function makeFile(path: string): Promise<void> {
  const file = await open(path, 'wx', ownerOnly)
  await file.close()
  await syncDirectoryOf(path)
}
