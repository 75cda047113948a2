import { isAbsolute } from 'node:path'
import { PouchError } from '@pouch/errors'
import { open, openFlags } from './descriptor.js'
import { treeError } from './tree-error.js'

/**
 * Opens the directory that a work is about.
 *
 * @param root absolute; it may lead through symbolic links, and must not be one
 * @throws PouchError `invalid-argument` for what is no directory, `not-found`
 */
export async function openRoot(root: string, op: string): Promise<number> {
  if (typeof root !== 'string' || !isAbsolute(root) || root.includes('\0')) {
    throw new PouchError('invalid-argument', `'${root}' is not an absolute path`, { op, subject: String(root) })
  }
  try {
    return await open(root, openFlags.directory)
  } catch (error) {
    throw treeError(error, 'cannot open the directory', { op, root })
  }
}
