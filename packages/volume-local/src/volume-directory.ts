import { chmod, chown, lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'

/** The directory in a volume's own that holds its data. */
export const dataFolder = '_data'

/** Whose the data directory of a new volume is, and who may enter it. */
export interface DirectoryAccess {
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

const closedMode = 0o700
const openMode = 0o701
const dataMode = 0o755

/**
 * Makes `<root>/<name>/_data`. The mode of the volume's own directory is the mark that all is done: it is opened to others last, so
 * that a repeated call finishes what a crash cut short and leaves alone what was whole, whatever modes its user has given it since.
 * A journal keeps the steps in the order of the store's records, so that nothing is synced here: a create that is lost to a
 * power failure is one whose intent the engine does again.
 *
 * @returns the data directory
 * @throws PouchError `invalid-argument` when something else is there
 */
export async function makeVolumeDirectory(root: string, name: string, access: DirectoryAccess = {}): Promise<string> {
  const directory = join(root, name)
  const data = join(directory, dataFolder)
  // Not mkdir's mode: the umask of the process must not decide who may enter a volume.
  const isNew = await madeDirectory(directory)
  if (!isNew && (await isWhole(directory)) && (await isDirectory(data))) return data
  await madeDirectory(data)
  if (!isNew) await requireDirectory(data)
  const { mode = dataMode, uid = -1, gid = -1 } = access
  if (uid !== -1 || gid !== -1) await chown(data, uid, gid)
  await chmod(data, mode)
  await chmod(directory, openMode)
  return data
}

/**
 * Whether a path is a directory, not a link to one. What is absent is not.
 *
 * @throws PouchError `invalid-argument` when something else is there
 */
export async function isDirectory(path: string): Promise<boolean> {
  return (await directoryMode(path)) !== undefined
}

async function madeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, closedMode)
    return true
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    throw error
  }
}

async function isWhole(directory: string): Promise<boolean> {
  const mode = await requireDirectory(directory)
  return (mode & (openMode ^ closedMode)) !== 0
}

async function requireDirectory(path: string): Promise<number> {
  const mode = await directoryMode(path)
  if (mode !== undefined) return mode
  throw new PouchError('conflict', `it was taken away while the volume was made: ${path}`, {
    op: 'local',
    subject: path,
  })
}

async function directoryMode(path: string): Promise<number | undefined> {
  try {
    const found = await lstat(path)
    if (found.isDirectory()) return found.mode
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined
    if (!hasErrno(error, 'ENOTDIR')) throw error
  }
  throw new PouchError('invalid-argument', `mount path is not a directory: ${path}`, { op: 'local', subject: path })
}
