import { PouchError } from '@pouch/errors'

/** The error of a flag or an argument that is not right: which one, why, and how it is written. */
export function usageError(flag: string, value: string, why: string): PouchError {
  return new PouchError('invalid-argument', `invalid ${flag} '${value}': ${why}`, { op: 'cli.parse', subject: flag })
}
