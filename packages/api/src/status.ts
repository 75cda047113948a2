import type { ErrorCode } from '@pouch/errors'

/**
 * The HTTP status of each error code: the only such table of the project. `aborted` is the caller's own doing and is
 * never sent; 499 is what an access log shows for it.
 */
export const statusOfCode = Object.freeze({
  'invalid-argument': 400,
  unauthenticated: 401,
  'permission-denied': 403,
  'not-found': 404,
  'already-exists': 409,
  'in-use': 409,
  conflict: 409,
  internal: 500,
  corrupt: 500,
  unsupported: 501,
  unavailable: 503,
  timeout: 504,
  exhausted: 507,
  aborted: 499,
} as const) satisfies Record<ErrorCode, number>

const codes: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [400, 'invalid-argument'],
  [401, 'unauthenticated'],
  [403, 'permission-denied'],
  [404, 'not-found'],
  [406, 'invalid-argument'],
  [408, 'timeout'],
  [409, 'conflict'],
  [413, 'exhausted'],
  [415, 'invalid-argument'],
  [429, 'unavailable'],
  [501, 'unsupported'],
  [502, 'unavailable'],
  [503, 'unavailable'],
  [504, 'timeout'],
  [507, 'exhausted'],
])

/**
 * The code that fits the status of a reply whose body names none, as Docker's own daemon answers.
 *
 * @param status an HTTP status of 400 and up
 * @returns `invalid-argument` for the other 4xx, `internal` for everything else
 */
export function codeOfStatus(status: number): ErrorCode {
  const code = codes.get(status)
  if (code !== undefined) return code
  return status >= 400 && status < 500 ? 'invalid-argument' : 'internal'
}
