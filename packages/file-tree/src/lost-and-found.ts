import { readdir, statfs } from 'node:fs/promises'
import { hasErrno } from '@pouch/errors'
import { placeOf, sameAs } from './descriptor.js'
import type { SystemCalls } from './system-calls.js'

export const lostAndFound = 'lost+found'
const extFilesystem = 0xef53

/**
 * Whether a root has the directory that ext4 keeps at its top, which belongs to the file system rather than to the tree. With
 * something in it, it is as good as any other.
 */
export async function hasLostAndFound(system: SystemCalls, root: number): Promise<boolean> {
  if (!system.stat(root).isMountRoot || (await statfs(sameAs(root))).type !== extFilesystem) return false
  try {
    return (await readdir(placeOf(root, lostAndFound))).length === 0
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}
