import { type ErrorCode, PouchError } from '@pouch/errors'

/** An error of a configuration: `invalid-argument` unless told, naming the field. */
export function refused(message: string, field: string, code: ErrorCode = 'invalid-argument'): PouchError {
  return new PouchError(code, message, { op: 'container.create', subject: field, details: { field } })
}
