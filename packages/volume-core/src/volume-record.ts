import { defineRecord, type JsonValue, type RecordType } from '@pouch/store'
import { volumeKeyPrefix } from './names.js'
import { isPendingOperation, type PendingOperation } from './pending-operation.js'
import { isSnapshotRecord, type SnapshotRecord } from './snapshot-record.js'
import type { ReferenceState, VolumePhase } from './volume.js'

/** A volume as it is stored. */
export interface VolumeRecord {
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
  /** Set in `creating` when the volume is to be filled: then it is not there before it is whole, and boot undoes it. */
  readonly filling?: FillingKind
  /** Beside `filling`: what its driver calls it until it is whole. Nothing else has ever had this name, so that undoing it is safe. */
  readonly staged?: string
  /** What was begun about a ready volume. */
  readonly pending?: PendingOperation
  /** Oldest first; absent without any. */
  readonly snapshots?: readonly SnapshotRecord[]
}

/** What a new volume is filled from. */
export type FillingKind = 'clone' | 'import'

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
  /** The engine's own, for the time of one operation: the run of the engine that took it. A later run drops it. */
  readonly transient?: string
}

const phases: readonly unknown[] = ['creating', 'ready', 'removing']
const fillings: readonly unknown[] = ['clone', 'import']
const states: readonly unknown[] = ['reserved', 'mounting', 'mounted', 'unmounting']
const nothing: Readonly<Record<string, string>> = Object.freeze({})
const nobody: readonly ReferenceRecord[] = Object.freeze([])

/** An empty map, shared by all records that need one. */
export const emptyMap = nothing

/** An empty list of references, shared likewise. */
export const noReferences = nobody

/** How volumes are stored. A program that checks or upgrades a whole store hands this to `upgradeStore`. */
export const volumeRecords: RecordType<VolumeRecord> = defineRecord({
  name: 'volume',
  prefix: volumeKeyPrefix,
  version: 1,
  validate: toRecord,
})

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
  const { id, holder, host, readOnly, transient } = reference
  return { id, holder, host, readOnly, state: 'reserved', ...(transient === undefined ? {} : { transient }) }
}

const share = (map: Readonly<Record<string, string>>) => (Object.keys(map).length === 0 ? nothing : map)

function toRecord(value: JsonValue): VolumeRecord {
  if (!isVolume(value)) throw new TypeError('a field is missing or of the wrong type')
  return {
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
    ...(value.filling === undefined ? {} : { filling: value.filling }),
    ...(value.staged === undefined ? {} : { staged: value.staged }),
    ...(value.pending === undefined ? {} : { pending: value.pending }),
    ...(value.snapshots === undefined ? {} : { snapshots: value.snapshots }),
  }
}

function isVolume(value: unknown): value is VolumeRecord {
  return (
    isObject(value) &&
    typeof value.name === 'string' &&
    typeof value.driver === 'string' &&
    typeof value.createdAt === 'string' &&
    typeof value.anonymous === 'boolean' &&
    phases.includes(value.phase) &&
    isStringMap(value.options) &&
    isStringMap(value.labels) &&
    (value.sizeBytes === undefined || typeof value.sizeBytes === 'number') &&
    Array.isArray(value.references) &&
    value.references.every(isReference) &&
    (value.filling === undefined || fillings.includes(value.filling)) &&
    (value.staged === undefined || typeof value.staged === 'string') &&
    (value.pending === undefined || isPendingOperation(value.pending)) &&
    (value.snapshots === undefined || (Array.isArray(value.snapshots) && value.snapshots.every(isSnapshotRecord)))
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
    (value.path === undefined || typeof value.path === 'string') &&
    (value.transient === undefined || typeof value.transient === 'string')
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
