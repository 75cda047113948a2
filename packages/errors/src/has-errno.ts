import { errnoOf } from './errno-of.js'
import { isPouchError } from './pouch-error.js'

/**
 * Whether a value is a system error with one of these names, or a PouchError whose details carry one.
 *
 * @param errnos names as the system has them: `ENOENT`, `EBUSY`
 */
export function hasErrno(error: unknown, ...errnos: readonly string[]): boolean {
  if (!(error instanceof Error)) return false
  const name = isPouchError(error) ? error.details.errno : errnoOf(error)
  return typeof name === 'string' && errnos.includes(name)
}
