import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hasErrno } from '@pouch/errors'

/** The folders that Node looks into for packages which are imported from a directory: its own `node_modules`, and its parents'. */
export function packageFolders(directory: string): string[] {
  const folders: string[] = []
  for (let each = directory; ; each = dirname(each)) {
    if (!each.endsWith('/node_modules')) folders.push(join(each, 'node_modules'))
    if (each === dirname(each)) return folders
  }
}

/** The first of these folders that has a package, with the package's name. */
export async function findPackage(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const directory = join(folder, name)
    if (await isThere(directory)) return directory
  }
  return undefined
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}
