import { PouchError } from '@pouch/errors'
import { storeLimits } from './metadata-store.js'

/** How deep a value may nest; SQLite's JSON reader has a limit of 1000. */
const maxDepth = 200

/**
 * The JSON text of a value, which is also the copy that the store keeps.
 *
 * Refused is what JSON would change or drop without a word: `undefined`, NaN and infinities, -0, BigInt, functions,
 * symbols, holes in arrays, class instances such as Date, Map and Buffer, and cycles.
 *
 * @throws PouchError `invalid-argument` naming the place in the value, or its size beyond 512 KiB
 */
export function encodeValue(value: unknown, key: string, op: string): string {
  const fault = findFault(value, '', 0)
  if (fault !== undefined) {
    throw new PouchError('invalid-argument', `${op}: the value of ${key} cannot be kept as JSON: ${fault}`, {
      op,
      subject: key,
    })
  }
  const text = JSON.stringify(value)
  const bytes = Buffer.byteLength(text)
  if (bytes > storeLimits.valueBytes) {
    const message = `${op}: the value of ${key} has ${bytes} bytes, and at most ${storeLimits.valueBytes} are allowed`
    throw new PouchError('invalid-argument', message, { op, subject: key })
  }
  return text
}

function findFault(value: unknown, path: string, depth: number): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  const where = path === '' ? 'the value itself' : path
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? undefined
      : `${where} is ${Object.is(value, -0) ? '-0' : value}`
  }
  if (typeof value !== 'object') return `${where} is ${value === undefined ? 'undefined' : `a ${typeof value}`}`
  if (depth >= maxDepth) return `${where} is more than ${maxDepth} levels deep, or holds itself`
  return Array.isArray(value) ? findFaultInArray(value, path, depth) : findFaultInObject(value, path, depth)
}

function findFaultInArray(values: readonly unknown[], path: string, depth: number): string | undefined {
  // The length is an own key too.
  if (Reflect.ownKeys(values).length !== values.length + 1)
    return `${path || 'the value itself'} is an array with holes or extra properties`
  for (let index = 0; index < values.length; index += 1) {
    const fault = findFault(values[index], `${path}[${index}]`, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

function findFaultInObject(value: object, path: string, depth: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return `${path || 'the value itself'} is a ${value.constructor?.name || 'class instance'}`
  }
  for (const name of Reflect.ownKeys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, name)
    const place = path === '' ? String(name) : `${path}.${String(name)}`
    if (typeof name === 'symbol' || descriptor === undefined || !('value' in descriptor) || !descriptor.enumerable) {
      return `${place} is not a plain property`
    }
    const fault = findFault(descriptor.value, place, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}
