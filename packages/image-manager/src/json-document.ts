import { PouchError } from '@pouch/errors'

/** A JSON object from outside, before it is checked. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads a JSON object from bytes that somebody else made.
 *
 * @param what names the document in the error: `manifest.json of the archive`
 * @throws PouchError `invalid-argument`
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parseJson(bytes, what)
  if (!isJsonObject(value)) throw malformed(what, 'it is not a JSON object')
  return value
}

/** Reads JSON of any kind. @throws PouchError `invalid-argument` */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw malformed(what, 'it is not JSON', error)
  }
}

/** Whether a value is an object, and not null or an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value is an array of strings. */
export function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** Whether a value is an object whose values are strings. */
export function isStringRecord(value: unknown): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((each) => typeof each === 'string')
}

/** The error of a document that is not what it should be. */
export function malformed(what: string, why: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', `${what} cannot be used: ${why}`, {
    op: 'image.parse',
    subject: what,
    cause,
  })
}
