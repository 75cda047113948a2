import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'

/** The directory in a volume's own that holds its data. */
export const dataFolder = '_data'

/**
 * Makes `<root>/<name>/_data`, whole or not at all: it gets its modes under another name and is then renamed. What exists is left
 * as it is. A journal keeps both in the order of the store's records, so that nothing is synced here: a create that is
 * lost to a power failure is one whose intent the engine does again.
 *
 * @param staging a directory on the same file system, for what is not whole yet
 * @returns the data directory
 */
export async function makeVolumeDirectory(root: string, staging: string, name: string): Promise<string> {
  const directory = join(root, name)
  const data = join(directory, dataFolder)
  if ((await isDirectory(directory)) && (await isDirectory(data))) return data
  const draft = join(staging, randomBytes(12).toString('hex'))
  await mkdir(join(draft, dataFolder), { recursive: true })
  // Not mkdir's mode: the umask of the process must not decide who may enter a volume.
  await chmod(join(draft, dataFolder), 0o755)
  await chmod(draft, 0o701)
  try {
    await rename(draft, directory)
  } catch (error) {
    await rm(draft, { recursive: true })
    if (!hasErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
    await mkdir(data).catch(unlessExists)
    await chmod(data, 0o755)
  }
  return data
}

/**
 * Whether a path is a directory, not a link to one. What is absent is not.
 *
 * @throws PouchError `invalid-argument` when something else is there
 */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    const found = await lstat(path)
    if (found.isDirectory()) return true
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    if (!hasErrno(error, 'ENOTDIR')) throw error
  }
  throw new PouchError('invalid-argument', `mount path is not a directory: ${path}`, { op: 'local', subject: path })
}

function unlessExists(error: unknown): void {
  if (!hasErrno(error, 'EEXIST')) throw error
}
