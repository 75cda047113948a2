import type { JsonValue } from '@pouch/store'
import type { FillingKind } from './volume-record.js'

/**
 * What was begun about a volume and is not finished, one thing at a time. It is durable before the driver is called; the next start, or
 * the next operation on the volume, finishes it.
 */
export type PendingOperation =
  | PendingResize
  | PendingRestore
  | PendingRename
  | PendingCopy
  | PendingLeave
  | PendingArrival

/** The driver is to bring the volume to this size. */
export interface PendingResize {
  readonly kind: 'resize'
  readonly sizeBytes: number
}

/** The volume is to become what this snapshot of it is. */
export interface PendingRestore {
  readonly kind: 'restore'
  readonly snapshot: string
}

/** The record has its new name; the driver may have the volume under the old one still. */
export interface PendingRename {
  readonly kind: 'rename'
  readonly from: string
}

/** A migration that has not switched over: the volume is the source still, and what is made at `target` is to be removed again. */
export interface PendingCopy {
  readonly kind: 'copy'
  readonly target: PlacedVolume
  /** The name that the driver may have given to the target, which is whole. */
  readonly to?: string
}

/** A migration that has switched over: `source` is to be removed. With `from` the driver has the volume under that name until then. */
export interface PendingLeave {
  readonly kind: 'leave'
  readonly source: PlacedVolume
  readonly from?: string
}

/**
 * The volume is whole, and the driver is to give it, which it has as `from`, its name: the end of a migration whose source is gone; with
 * `filling` the end of a clone or an import, which is taken away when the name is taken.
 */
export interface PendingArrival {
  readonly kind: 'arrive'
  readonly from: string
  readonly filling?: FillingKind
}

/** A volume at a driver, apart from its record. */
export interface PlacedVolume {
  /** What the driver calls it. */
  readonly name: string
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
  readonly sizeBytes?: number
  readonly state?: JsonValue
  /** The reference that it is mounted for, and what the driver's mount returned. */
  readonly mount?: { readonly id: string; readonly state?: JsonValue }
}

/** Whether a volume may not be where its record says until this is finished: it cannot be used, and has no path. */
export function isAway(pending: PendingOperation): boolean {
  if (pending.kind === 'leave') return pending.from !== undefined
  return pending.kind !== 'resize' && pending.kind !== 'copy'
}

/** Whether a stored value is one. */
export function isPendingOperation(value: unknown): value is PendingOperation {
  if (!isObject(value)) return false
  switch (value.kind) {
    case 'resize':
      return Number.isSafeInteger(value.sizeBytes)
    case 'restore':
      return typeof value.snapshot === 'string'
    case 'rename':
    case 'arrive':
      return typeof value.from === 'string'
    case 'copy':
      return isPlaced(value.target) && (value.to === undefined || typeof value.to === 'string')
    case 'leave':
      return isPlaced(value.source) && (value.from === undefined || typeof value.from === 'string')
    default:
      return false
  }
}

function isPlaced(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.name === 'string' &&
    typeof value.driver === 'string' &&
    isObject(value.options) &&
    Object.values(value.options).every((option) => typeof option === 'string') &&
    (value.mount === undefined || (isObject(value.mount) && typeof value.mount.id === 'string'))
  )
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
