import { chmod, copyFile, lchown, lstat, mkdir, readdir, readlink, stat, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'

/** Whether there is something at a path. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (PouchError.from(error).code === 'not-found') return false
    throw error
  }
}

/** Copies a directory with owners, modes and times: files, directories and symbolic links, which is all that tests put into volumes. */
export async function copyDirectory(from: string, to: string): Promise<void> {
  const { mode, uid, gid, atime, mtime } = await lstat(from)
  await mkdir(to, { mode: mode & 0o7777 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyDirectory(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else if (entry.isFile()) await copyOneFile(source, target)
    else throw new PouchError('unsupported', `the memory driver copies no devices, pipes or sockets: ${source}`)
  }
  await lchown(to, uid, gid)
  await chmod(to, mode & 0o7777)
  await utimes(to, atime, mtime)
}

async function copyOneFile(source: string, target: string): Promise<void> {
  const { mode, uid, gid, atime, mtime } = await lstat(source)
  await copyFile(source, target)
  await lchown(target, uid, gid)
  await chmod(target, mode & 0o7777)
  await utimes(target, atime, mtime)
}

/** The bytes and the inodes that a directory takes up. */
export async function sizeOfDirectory(path: string): Promise<{ readonly bytes: number; readonly inodes: number }> {
  let [bytes, inodes] = [0, 0]
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const { blocks } = await lstat(join(entry.parentPath, entry.name))
    bytes += blocks * 512
    inodes += 1
  }
  return { bytes, inodes }
}
