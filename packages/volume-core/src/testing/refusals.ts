import assert from 'node:assert/strict'
import { type ErrorCode, PouchError } from '@pouch/errors'

/** A signal that has fired before anything began. */
export const fired = (): AbortSignal => AbortSignal.abort()

/**
 * Asserts that an operation is refused, with one of these codes when there are any.
 *
 * @param what what the driver did wrong if it is not
 */
export async function assertRefused(work: Promise<unknown>, what: string, codes: readonly ErrorCode[] = []) {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  assert.ok(outcome !== undefined, what)
  if (codes.length === 0) return
  const { code, message } = PouchError.from(outcome.error)
  assert.ok(codes.includes(code), `it was refused as ${code} (${message}), which should be ${codes.join(' or ')}`)
}

/** Asserts that an operation is done, or refused with this code. @returns whether it was done */
export async function doneOrRefused(work: Promise<unknown>, code: ErrorCode): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (PouchError.from(error).code === code) return false
    throw error
  }
}

/** Asserts that a value is one that JSON keeps. */
export function assertJson(value: unknown, what: string): void {
  if (value !== undefined) assert.deepEqual(JSON.parse(JSON.stringify(value)), value, `${what} does not survive JSON`)
}

/** Asserts that a number counts bytes or files, when there is one. */
export function assertCount(value: number | undefined, what: string): void {
  assert.ok(value === undefined || (Number.isSafeInteger(value) && value >= 0), `${what} is ${value}`)
}
