import { isAbsolute, resolve } from 'node:path'
import { PouchError } from '@pouch/errors'

/** The path without `.`, `..` and trailing slashes. @throws PouchError `invalid-argument` when it is relative or has a NUL */
export function requireAbsolute(path: string, op: string): string {
  if (typeof path === 'string' && isAbsolute(path) && !path.includes('\0')) return resolve(path)
  throw new PouchError('invalid-argument', `'${path}' is not an absolute path`, { op, subject: String(path) })
}
