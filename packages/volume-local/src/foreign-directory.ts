import { PouchError } from '@pouch/errors'

/**
 * The error of a create that finds a directory of its volume's name that it cannot have made: one that a store of another time knew, or
 * somebody's own. Its code tells the engine that there is nothing to take back.
 *
 * @param why what it is instead
 */
export function foreignDirectory(volume: string, directory: string, why: string, cause?: unknown): PouchError {
  const message = `there is a directory ${directory} already, and ${why}: move it away, or take another name`
  return new PouchError('already-exists', message, { op: 'local', subject: volume, details: { directory }, cause })
}
