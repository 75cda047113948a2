import { PouchError } from '@pouch/errors'
import type { ReferenceRequest } from './volume.js'
import type { CloneSource, UpdateRequest } from './volume-requests.js'

const idPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,127}$/
const holderPattern = /^[^\p{C}]{1,255}$/u

/** @throws PouchError `invalid-argument` unless it is absent or a map of strings with names that are not empty */
export function checkStringMap(value: unknown, verb: string, subject: string, field: string): void {
  if (value === undefined) return
  const at = { op: `volume.${verb}`, subject, details: { field } }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PouchError('invalid-argument', `${verb} ${subject}: ${field} is not a map of strings`, at)
  }
  for (const [key, text] of Object.entries(value)) {
    if (key.length > 0 && typeof text === 'string') continue
    throw new PouchError(
      'invalid-argument',
      `${verb} ${subject}: ${field} has a name or a value that is no string: '${key}'`,
      at,
    )
  }
}

/** @throws PouchError `invalid-argument` unless it says which volume, and which snapshot if any, by name */
export function checkCloneSource(from: unknown, volume: string): asserts from is CloneSource {
  if (typeof from === 'object' && from !== null) {
    const { volume: source, snapshot }: { volume?: unknown; snapshot?: unknown } = from
    if (typeof source === 'string' && (snapshot === undefined || typeof snapshot === 'string')) return
  }
  throw new PouchError(
    'invalid-argument',
    `create ${volume}: from is { volume, snapshot? }: the name of the volume to copy, and of its snapshot if one is meant`,
    { op: 'volume.create', subject: volume, details: { field: 'from' } },
  )
}

/** @throws PouchError `invalid-argument` unless there is something to change, and it is labels or a size */
export function checkUpdateRequest({ labels, sizeBytes }: UpdateRequest, volume: string): void {
  const refuse = (why: string) => {
    throw new PouchError('invalid-argument', `update ${volume}: ${why}`, { op: 'volume.update', subject: volume })
  }
  if (labels === undefined && sizeBytes === undefined) refuse('there is nothing to change: give labels or a size')
  if (sizeBytes !== undefined && (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0)) {
    refuse(`a size is a whole number of bytes above 0, not ${sizeBytes}`)
  }
  const isMap = typeof labels === 'object' && labels !== null && !Array.isArray(labels)
  const kept = isMap ? Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== null)) : labels
  checkStringMap(kept, 'update', volume, 'labels')
}

/** @throws PouchError `invalid-argument` */
export function checkReferenceRequest(request: ReferenceRequest, verb: string, volume: string): void {
  const { id, holder, readOnly } = request
  const refuse = (why: string) => {
    throw new PouchError('invalid-argument', `${verb} ${volume}: ${why}`, { op: `volume.${verb}`, subject: volume })
  }
  if (typeof holder !== 'string' || !holderPattern.test(holder)) refuse('a holder has 1 to 255 printable characters')
  if (id !== undefined && (typeof id !== 'string' || !idPattern.test(id))) {
    refuse('a reference id has 1 to 128 characters of [a-zA-Z0-9_.:-], the first a letter or a digit')
  }
  if (readOnly !== undefined && typeof readOnly !== 'boolean') refuse('readOnly is true or false')
}

/** @throws PouchError `invalid-argument` unless it is a whole number of milliseconds that a timer can wait */
export function checkedTimeoutMs(timeoutMs: number): number {
  if (Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31) return timeoutMs
  throw new PouchError('invalid-argument', `timeoutMs is a whole number of milliseconds, not ${timeoutMs}`, {
    op: 'volume.call',
    details: { field: 'timeoutMs' },
  })
}
