import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { hasErrno } from '@pouch/errors'
import { requireAbsolute } from './require-absolute.js'

/**
 * The path without symbolic links, `.` and `..`, as the kernel would walk it. Unlike `realpath` it takes a path whose last
 * parts do not exist yet: these are kept as they are.
 *
 * @param path absolute
 * @throws PouchError `invalid-argument` on a path that is not absolute
 * @throws the system's error when a part cannot be read, or is a symbolic link to nowhere
 */
export async function canonicalPath(path: string): Promise<string> {
  const missing: string[] = []
  let existing = requireAbsolute(path, 'canonicalPath')
  for (;;) {
    try {
      return join(await realpath(existing), ...missing)
    } catch (error) {
      if (!hasErrno(error, 'ENOENT') || existing === '/' || (await isDangling(existing))) throw error
    }
    missing.unshift(basename(existing))
    existing = dirname(existing)
  }
}

/** Whether `path` is `parent` or lies below it. Both canonical; nothing is looked up. */
export function isWithin(parent: string, path: string): boolean {
  return path === parent || path.startsWith(parent === '/' ? '/' : `${parent}/`)
}

async function isDangling(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink()
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw error
  }
}
