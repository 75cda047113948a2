import type { JsonValue } from '@pouch/store'
import type { DriverSnapshot } from './driver.js'
import type { Snapshot } from './volume-requests.js'

/** A snapshot as it is stored, with its volume. */
export interface SnapshotRecord {
  readonly name: string
  readonly createdAt: string
  readonly labels: Readonly<Record<string, string>>
  /** `creating` and `removing`: boot removes it. */
  readonly phase: 'creating' | 'ready' | 'removing'
  readonly method: string
  readonly isConsistent: boolean
  readonly sizeBytes?: number
  readonly state?: JsonValue
}

const phases: readonly unknown[] = ['creating', 'ready', 'removing']

/** Whether a stored value is one. */
export function isSnapshotRecord(value: unknown): value is SnapshotRecord {
  if (typeof value !== 'object' || value === null) return false
  const { name, createdAt, labels, phase, method, isConsistent, sizeBytes } = value as Record<string, unknown>
  return (
    typeof name === 'string' &&
    typeof createdAt === 'string' &&
    typeof method === 'string' &&
    typeof isConsistent === 'boolean' &&
    phases.includes(phase) &&
    typeof labels === 'object' &&
    labels !== null &&
    Object.values(labels).every((label) => typeof label === 'string') &&
    (sizeBytes === undefined || typeof sizeBytes === 'number')
  )
}

/** The snapshots of a record that are whole. */
export function wholeSnapshots(snapshots: readonly SnapshotRecord[] | undefined): readonly SnapshotRecord[] {
  return snapshots === undefined ? none : snapshots.filter(({ phase }) => phase === 'ready')
}

/** Whether there is one that a crash may have left. */
export function hasUnfinished(snapshots: readonly SnapshotRecord[] | undefined): boolean {
  return snapshots?.some(({ phase }) => phase !== 'ready') === true
}

/** A record with one snapshot replaced, or added, or (without `next`) dropped. */
export function withSnapshot<T extends { readonly snapshots?: readonly SnapshotRecord[] }>(
  record: T,
  name: string,
  next: SnapshotRecord | undefined,
): T {
  const { snapshots: before = none, ...rest } = record
  const others = before.filter((snapshot) => snapshot.name !== name)
  if (next !== undefined) {
    const at = before.findIndex((snapshot) => snapshot.name === name)
    others.splice(at === -1 ? others.length : at, 0, next)
  }
  return (others.length === 0 ? rest : { ...rest, snapshots: others }) as T
}

/** A snapshot as its driver knows it. */
export function driverSnapshot({ name, method, isConsistent, sizeBytes, state }: SnapshotRecord): DriverSnapshot {
  return Object.freeze({
    name,
    method,
    isConsistent,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(state === undefined ? {} : { state }),
  })
}

/** The public form of a snapshot. */
export function publicSnapshot(volume: string, record: SnapshotRecord): Snapshot {
  const { name, createdAt, labels, method, isConsistent, sizeBytes } = record
  return Object.freeze({ name, volume, createdAt, labels: Object.freeze(labels), method, isConsistent, sizeBytes })
}

const none: readonly SnapshotRecord[] = Object.freeze([])
