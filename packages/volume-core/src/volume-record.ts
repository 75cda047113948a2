import { PouchError } from '@pouch/errors'
import type { JsonValue } from '@pouch/store'
import type { ReferenceState, VolumePhase } from './volume.js'

/** The version of the records that this code writes. */
export const recordSchema = 1

/** A volume as it is stored. */
export interface VolumeRecord {
  readonly schema: typeof recordSchema
  readonly name: string
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly anonymous: boolean
  readonly phase: VolumePhase
  readonly sizeBytes?: number
  /** What the driver's create returned. */
  readonly state?: JsonValue
  readonly references: readonly ReferenceRecord[]
}

/** A reference as it is stored. */
export interface ReferenceRecord {
  readonly id: string
  readonly holder: string
  readonly host: string
  readonly readOnly: boolean
  readonly state: ReferenceState
  readonly path?: string
  /** What the driver's mount returned. */
  readonly mountState?: JsonValue
  /** In `mounting` and `unmounting`: boot drops the reference once it has unmounted it. */
  readonly release?: true
}

const phases: readonly unknown[] = ['creating', 'ready', 'removing']
const states: readonly unknown[] = ['reserved', 'mounting', 'mounted', 'unmounting']
const nothing: Readonly<Record<string, string>> = Object.freeze({})
const nobody: readonly ReferenceRecord[] = Object.freeze([])

/** An empty map, shared by all records that need one. */
export const emptyMap = nothing

/** An empty list of references, shared likewise. */
export const noReferences = nobody

/**
 * Reads a record of the store.
 *
 * @throws PouchError `unsupported` when a newer version wrote it, `corrupt` when it is none
 */
export function decodeRecord(key: string, value: JsonValue): VolumeRecord {
  if (!isObject(value)) throw corrupt(key, 'it is no object')
  if (typeof value.schema === 'number' && value.schema > recordSchema) throw newer(key, value.schema)
  if (value.schema !== recordSchema) throw corrupt(key, 'it has no schema version')
  if (!isVolume(value)) throw corrupt(key, 'a field is missing or of the wrong type')
  return {
    schema: recordSchema,
    name: value.name,
    driver: value.driver,
    options: share(value.options),
    labels: share(value.labels),
    createdAt: value.createdAt,
    anonymous: value.anonymous,
    phase: value.phase,
    references: value.references.length === 0 ? nobody : value.references,
    ...(value.sizeBytes === undefined ? {} : { sizeBytes: value.sizeBytes }),
    ...(value.state === undefined ? {} : { state: value.state }),
  }
}

/** The record with one reference replaced, or added, or (without `next`) dropped. */
export function withReference(record: VolumeRecord, id: string, next: ReferenceRecord | undefined): VolumeRecord {
  const references = record.references.filter((reference) => reference.id !== id)
  if (next === undefined) return { ...record, references }
  const at = record.references.findIndex((reference) => reference.id === id)
  references.splice(at === -1 ? references.length : at, 0, next)
  return { ...record, references }
}

/** A reference in another state, without what belonged to the mount. */
export function reservedAgain(reference: ReferenceRecord): ReferenceRecord {
  const { id, holder, host, readOnly } = reference
  return { id, holder, host, readOnly, state: 'reserved' }
}

const share = (map: Readonly<Record<string, string>>) => (Object.keys(map).length === 0 ? nothing : map)

function isVolume(value: {
  readonly [key: string]: unknown
}): value is VolumeRecord & { readonly [key: string]: unknown } {
  return (
    typeof value.name === 'string' &&
    typeof value.driver === 'string' &&
    typeof value.createdAt === 'string' &&
    typeof value.anonymous === 'boolean' &&
    phases.includes(value.phase) &&
    isStringMap(value.options) &&
    isStringMap(value.labels) &&
    (value.sizeBytes === undefined || typeof value.sizeBytes === 'number') &&
    Array.isArray(value.references) &&
    value.references.every(isReference)
  )
}

function isReference(value: unknown): value is ReferenceRecord {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.holder === 'string' &&
    typeof value.host === 'string' &&
    typeof value.readOnly === 'boolean' &&
    states.includes(value.state) &&
    (value.path === undefined || typeof value.path === 'string')
  )
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  if (!isObject(value)) return false
  for (const key in value) if (typeof value[key] !== 'string') return false
  return true
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function corrupt(key: string, why: string): PouchError {
  return new PouchError('corrupt', `the stored volume '${key}' cannot be read: ${why}; it is left as it is`, {
    op: 'volume.load',
    subject: key,
  })
}

function newer(key: string, schema: number): PouchError {
  const text = `the stored volume '${key}' was written by a newer version (schema ${schema}, this one reads ${recordSchema}): use that version`
  return new PouchError('unsupported', text, { op: 'volume.load', subject: key })
}
