import { readdir, rmdir } from 'node:fs/promises'
import { hasCode, hasErrno, PouchError } from '@pouch/errors'
import { makeDirectories } from '@pouch/file-tree'
import { canonicalPath, isWithin } from '@pouch/mount'

/**
 * The directory that `mount=` means, without symbolic links. It need not exist yet.
 *
 * @param reserved directories of the engine's, canonical
 * @throws PouchError `invalid-argument` when it is a file or holds files, which the mount would hide, and when it lies in
 *   the engine's directories or around them
 */
export async function chosenMountPoint(mount: string, reserved: readonly string[]): Promise<string> {
  const path = await canonicalPath(mount).catch((error: unknown) => {
    throw hasErrno(error, 'ENOTDIR') ? refused(mount, 'a part of it is a file', error) : error
  })
  const clash = reserved.find((directory) => isWithin(directory, path) || isWithin(path, directory))
  if (clash !== undefined)
    throw refused(mount, `the engine keeps its own files in ${clash}; take a directory apart from that`)
  return path
}

/** @throws PouchError `invalid-argument` unless the directory is absent or empty */
export async function requireEmpty(path: string): Promise<void> {
  try {
    const [first] = await readdir(path)
    if (first !== undefined) throw refused(path, `it is not empty, and the mount would hide '${first}'`)
  } catch (error) {
    if (hasErrno(error, 'ENOTDIR')) throw refused(path, 'mount path is not a directory', error)
    if (!hasErrno(error, 'ENOENT')) throw error
  }
}

/** {@link requireEmpty} for a mount point of the driver's own. @throws PouchError `already-exists` when somebody's files are there */
export async function requireUnused(path: string): Promise<void> {
  try {
    await requireEmpty(path)
  } catch (cause) {
    if (!hasCode(cause, 'invalid-argument')) throw cause
    const message = `there is something at ${path} already, which is not of a volume: move it away, or take another name`
    throw new PouchError('already-exists', message, { op: 'tmpfs', subject: path, details: { directory: path }, cause })
  }
}

/** Makes the directory and those above it. */
export async function makeMountPoint(path: string): Promise<void> {
  await makeDirectories(path, 0o755)
}

/** @returns false when files are in it: these were written below the mount, by somebody else, and stay */
export async function removeMountPoint(path: string): Promise<boolean> {
  try {
    await rmdir(path)
  } catch (error) {
    if (hasErrno(error, 'ENOTEMPTY', 'EEXIST')) return false
    if (!hasErrno(error, 'ENOENT')) throw error
  }
  return true
}

function refused(path: string, why: string, cause?: unknown): PouchError {
  const message = `${path} cannot be the mount point of a tmpfs volume: ${why}`
  return new PouchError('invalid-argument', message, {
    op: 'tmpfs',
    subject: path,
    details: { option: 'mount' },
    cause,
  })
}
