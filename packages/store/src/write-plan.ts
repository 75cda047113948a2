import { PouchError } from '@pouch/errors'
import { checkKey } from './key.js'
import { type StoreOperation, storeLimits } from './metadata-store.js'
import { encodeStored } from './stored-text.js'
import { encodeValue } from './value.js'

/** A checked operation: the value is JSON text already. */
export interface PreparedOperation {
  readonly type: 'create' | 'update' | 'delete'
  readonly key: string
  /** The revision to be replaced; `undefined` for a create. */
  readonly expected: string | undefined
  /** The new value; `undefined` for a delete. */
  readonly text: string | undefined
}

/** What is to be stored under a key. */
export interface StoredRecord {
  readonly revision: string
  /** The revision and the value, as a backend keeps them. */
  readonly stored: string
}

/** The outcome of one operation, before it is durable. */
export interface PlannedChange {
  readonly key: string
  readonly record: StoredRecord | undefined
}

/** Checks and copies the operations of one call. @throws PouchError `invalid-argument` */
export function prepareOperations(operations: readonly StoreOperation[], op: string): PreparedOperation[] {
  if (!Array.isArray(operations))
    throw new PouchError('invalid-argument', `${op}: the operations are not an array`, { op })
  if (operations.length > storeLimits.batchOperations) {
    const message = `${op}: ${operations.length} operations, and at most ${storeLimits.batchOperations} are allowed`
    throw new PouchError('invalid-argument', message, { op })
  }
  const seen = new Set<string>()
  return operations.map((operation: StoreOperation) => {
    const prepared = prepareOperation(operation, op)
    if (seen.has(prepared.key)) {
      const message = `${op}: ${prepared.key} comes twice, and the operations of a batch are on different keys`
      throw new PouchError('invalid-argument', message, { op, subject: prepared.key })
    }
    seen.add(prepared.key)
    return prepared
  })
}

/**
 * What the operations of one call come to, given the revision that each key has.
 *
 * @throws PouchError `already-exists` or `conflict` naming the key
 */
export function planWrite(
  operations: readonly PreparedOperation[],
  revisionOf: (key: string) => string | undefined,
  nextRevision: () => string,
  op: string,
): PlannedChange[] {
  for (const operation of operations) checkPrecondition(operation, revisionOf(operation.key), op)
  return operations.map(({ key, text }) => ({
    key,
    record: text === undefined ? undefined : makeRecord(nextRevision(), text),
  }))
}

/** The record of a value's JSON text. */
export function makeRecord(revision: string, valueText: string): StoredRecord {
  return { revision, stored: encodeStored(revision, valueText) }
}

function prepareOperation(operation: StoreOperation, op: string): PreparedOperation {
  const { type, key } = operation
  if (type !== 'create' && type !== 'update' && type !== 'delete') {
    throw new PouchError('invalid-argument', `${op}: the operation ${JSON.stringify(type)} is unknown`, { op })
  }
  checkKey(key, op)
  const expected = type === 'create' ? undefined : operation.revision
  if (type !== 'create' && (typeof expected !== 'string' || expected === '')) {
    throw new PouchError('invalid-argument', `${op}: no revision of ${key} was given`, { op, subject: key })
  }
  return { type, key, expected, text: type === 'delete' ? undefined : encodeValue(operation.value, key, op) }
}

function checkPrecondition(operation: PreparedOperation, actual: string | undefined, op: string): void {
  const { key, expected } = operation
  if (actual === expected) return
  if (expected === undefined) {
    throw new PouchError('already-exists', `${op}: ${key} exists already`, { op, subject: key, details: { key } })
  }
  const now = actual === undefined ? 'it is gone' : `it has revision ${actual} now`
  const message = `${op}: ${key} does not have revision ${expected} any more, ${now}; read it again`
  throw new PouchError('conflict', message, { op, subject: key, details: { key, expected, actual: actual ?? null } })
}
