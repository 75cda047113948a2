import { PouchError } from '@pouch/errors'
import { storeLimits } from './metadata-store.js'

const forbidden = /[\u0000-\u001f\u007f]|\p{Surrogate}/u

/**
 * Refuses what cannot be a key: the empty string, more than 256 bytes of UTF-8, control characters and half surrogates.
 *
 * @throws PouchError `invalid-argument`
 */
export function checkKey(key: unknown, op: string): asserts key is string {
  checkText(key, op, 'key')
  if (key === '') throw new PouchError('invalid-argument', `${op}: the key is empty`, { op })
}

/**
 * Refuses what no key can start with. The empty prefix is every key.
 *
 * @throws PouchError `invalid-argument`
 */
export function checkPrefix(prefix: unknown, op: string): asserts prefix is string {
  checkText(prefix, op, 'prefix')
}

/**
 * The order of keys: that of their UTF-8 bytes. JavaScript's own order differs beyond U+FFFF.
 *
 * @returns less than, equal to or more than 0, for `Array.prototype.sort`
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const unitOfA = a.charCodeAt(index)
    const unitOfB = b.charCodeAt(index)
    if (unitOfA !== unitOfB) return rankOf(unitOfA) - rankOf(unitOfB)
  }
  return a.length - b.length
}

/**
 * The first text, in the order of keys, that is past every key with this prefix: `key >= prefix && key < prefixEnd(prefix)`.
 *
 * @returns `undefined` when nothing is past them: for the empty prefix, and for U+10FFFF alone
 */
export function prefixEnd(prefix: string): string | undefined {
  const points = [...prefix]
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0
    if (point === 0x10ffff) continue
    return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
  return undefined
}

// A surrogate stands for a code point above every other unit, though its own number is below U+E000 to U+FFFF.
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function checkText(text: unknown, op: string, what: string): asserts text is string {
  if (typeof text !== 'string') {
    throw new PouchError('invalid-argument', `${op}: the ${what} is ${typeof text}, not a string`, { op })
  }
  const bytes = Buffer.byteLength(text)
  if (bytes > storeLimits.keyBytes) {
    const message = `${op}: the ${what} has ${bytes} bytes, and at most ${storeLimits.keyBytes} are allowed`
    throw new PouchError('invalid-argument', message, { op, subject: text.slice(0, 64) })
  }
  if (forbidden.test(text)) {
    const message = `${op}: the ${what} ${JSON.stringify(text)} holds a control character or half of a surrogate pair`
    throw new PouchError('invalid-argument', message, { op, subject: text })
  }
}
