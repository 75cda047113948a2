import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOfErrno } from '@pouch/errors'

/**
 * The apparent size of what is in a directory, as Docker counts a volume: regular files, a file with several links once,
 * other filesystems below it left out.
 *
 * @returns bytes
 * @throws the signal's reason, or the error of a directory that cannot be read; what vanishes meanwhile counts nothing
 */
export async function directoryBytes(root: string, signal?: AbortSignal): Promise<number> {
  const { dev } = await lstat(root)
  const linked = new Set<number>()
  const pending = [root]
  let bytes = 0
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal?.throwIfAborted()
    for (const entry of await entriesOf(folder)) {
      const path = join(folder, entry.name)
      if (!entry.isFile() && !entry.isDirectory()) continue
      const stat = await lstat(path).catch(absent)
      if (stat === undefined || stat.dev !== dev) continue
      if (stat.isDirectory()) pending.push(path)
      if (!stat.isFile() || (stat.nlink > 1 && linked.has(stat.ino))) continue
      if (stat.nlink > 1) linked.add(stat.ino)
      bytes += stat.size
    }
  }
  return bytes
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return (await readdir(folder, { withFileTypes: true }).catch(absent)) ?? []
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (codeOfErrno(error.code ?? '') === 'not-found') return undefined
  throw error
}
