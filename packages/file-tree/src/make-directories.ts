import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hasErrno } from '@pouch/errors'

/**
 * Makes a directory with those above it that are absent; what is there stays as it is. Node's own recursive mkdir does not end where a file
 * system says that a directory is absent and makes none, as below `/proc`.
 *
 * @param path absolute
 * @param mode of each that is made, less the umask
 * @throws the error of mkdir(2), with its errno
 */
export async function makeDirectories(path: string, mode = 0o777): Promise<void> {
  try {
    await makeOne(path, mode)
  } catch (error) {
    const parent = dirname(path)
    if (!hasErrno(error, 'ENOENT') || parent === path) throw error
    await makeDirectories(parent, mode)
    await makeOne(path, mode)
  }
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    const isThere = hasErrno(error, 'EEXIST', 'EROFS', 'EACCES', 'EPERM') && (await isDirectory(path))
    if (!isThere) throw error
  }
}

/** Follows a link: one that leads to a directory is as good as it. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return false
    throw error
  }
}
