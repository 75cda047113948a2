import { lstatSync, mkdirSync } from 'node:fs'
import { chmod, chown, lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import { foreignDirectory } from './foreign-directory.js'

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
 * Makes `<root>/<name>/_data`. It is whole once the volume's own directory is open to others and the data is there, so that a repeated call
 * finishes what a crash cut short and leaves alone what was whole, whatever modes its user has given it since.
 * A journal keeps the steps in the order of the store's records, so that nothing is synced here: a create that is lost to a
 * power failure is one whose intent the engine does again.
 *
 * @throws PouchError `already-exists` when a directory is there that is no volume's, `invalid-argument` when something else is
 */
export async function makeVolumeDirectory(
  root: string,
  name: string,
  access: DirectoryAccess = {},
): Promise<MadeDirectory> {
  const { mode = dataMode, uid = -1, gid = -1 } = access
  const isOwned = uid !== -1 || gid !== -1
  const isPlain = !isOwned && mode === dataMode
  const directory = join(root, name)
  const data = join(directory, dataFolder)
  // What mkdir alone makes right is whole with its last step; what needs another owner or mode, which a umask may cut, is opened when it has them.
  const make = isFirstOfTurn() ? makeNow : mkdir
  const isNew = await madeDirectory(make, directory, isPlain ? openMode : closedMode)
  if (!isNew) {
    if ((await isWhole(directory)) && (await isDirectory(data))) return { path: data, isFound: true }
    await requireBegun(name, directory)
  }
  await madeDirectory(make, data, isPlain ? mode : closedMode)
  if (isNew && isPlain && hasMode(data, mode) && hasMode(directory, openMode)) return { path: data }
  if (!isNew) await requireDirectory(data)
  if (isOwned) await chown(data, uid, gid)
  await chmod(data, mode)
  await chmod(directory, openMode)
  return { path: data }
}

/** The data directory of a volume, and whether it was there, whole, before. */
interface MadeDirectory {
  readonly path: string
  readonly isFound?: boolean
}

/** A create that was cut short has made nothing but an empty data directory. @throws PouchError `already-exists` */
async function requireBegun(name: string, directory: string): Promise<void> {
  const entries = await readdir(directory)
  const isOurs = entries.every((entry) => entry === dataFolder)
  if (isOurs && (entries.length === 0 || (await isEmpty(join(directory, dataFolder))))) return
  throw foreignDirectory(name, directory, 'what is in it is not of a volume')
}

async function isEmpty(path: string): Promise<boolean> {
  return (await isDirectory(path)) && (await readdir(path)).length === 0
}

/** Whether the umask of the process, or a default ACL, let mkdir do as it was told. The kernel made it a moment ago: it is asked without a thread. */
function hasMode(path: string, mode: number): boolean {
  return (lstatSync(path).mode & 0o7777) === mode
}

/**
 * Whether a path is a directory, not a link to one. What is absent is not.
 *
 * @throws PouchError `invalid-argument` when something else is there
 */
export async function isDirectory(path: string): Promise<boolean> {
  return (await directoryMode(path)) !== undefined
}

/** {@link isDirectory}, asked in the thread that calls: for a list of volumes, which asks for each, that is a tenth of the time. */
export function isDirectoryNow(path: string): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found === undefined || found.isDirectory()) return found !== undefined
  } catch (error) {
    if (!hasErrno(error, 'ENOTDIR')) throw error
  }
  throw notDirectory(path)
}

async function madeDirectory(make: MakeDirectory, path: string, mode: number): Promise<boolean> {
  try {
    await make(path, mode)
    return true
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    throw error
  }
}

type MakeDirectory = (path: string, mode: number) => Promise<unknown>

/**
 * In the thread that calls: to hand the call to another takes that thread longer than the kernel takes to make a directory. Where many are
 * made at a time that is not so: the kernel makes them wait for each other and for its journal, and then threads wait.
 */
async function makeNow(path: string, mode: number): Promise<void> {
  mkdirSync(path, mode)
}

let isTaken = false

/** Whether nobody has asked in this turn of the event loop. */
function isFirstOfTurn(): boolean {
  if (isTaken) return false
  isTaken = true
  setImmediate(() => {
    isTaken = false
  })
  return true
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
  throw notDirectory(path)
}

function notDirectory(path: string): PouchError {
  return new PouchError('invalid-argument', `mount path is not a directory: ${path}`, { op: 'local', subject: path })
}
