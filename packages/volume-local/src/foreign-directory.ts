import { hasErrno, PouchError } from '@pouch/errors'

/**
 * The error of what finds a directory in its place that it cannot have made: one that a store of another time knew, or somebody's own. Its
 * code tells the engine that there is nothing to take back.
 *
 * @param volume the volume that the operation is about
 * @param why what it is instead
 */
export function foreignDirectory(volume: string, directory: string, why: string, cause?: unknown): PouchError {
  const message = `there is a directory ${directory} already, and ${why}: move it away, or take another name`
  return new PouchError('already-exists', message, { op: 'local', subject: volume, details: { directory }, cause })
}

/** {@link foreignDirectory} for a rename that found something in its way, and what else it failed with as it is. */
export function renameFailure(volume: string, directory: string, error: unknown): unknown {
  if (!hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) return error
  return foreignDirectory(volume, directory, 'it came to be there meanwhile', error)
}
