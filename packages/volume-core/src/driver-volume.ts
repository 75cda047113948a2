import { PouchError } from '@pouch/errors'
import type { DriverDefinition, DriverVolume, JsonValue } from './driver.js'
import { typedOptions } from './options.js'
import type { VolumeRecord } from './volume-record.js'

/** What a driver is told of a volume. */
export type DriverSubject = Pick<VolumeRecord, 'name' | 'options' | 'labels' | 'state' | 'sizeBytes' | 'staged'>

/** A volume as its driver gets it: typed and frozen, down to the state that the driver gave. */
export function driverVolume(definition: DriverDefinition, record: DriverSubject): DriverVolume {
  return Object.freeze({
    name: record.staged ?? record.name,
    options: Object.freeze(typedOptions(definition, record.options)),
    labels: Object.freeze(record.labels),
    state: deepFreeze(record.state),
    sizeBytes: record.sizeBytes,
  })
}

/** Freezes a JSON value with all that is in it. */
export function deepFreeze<T extends JsonValue | undefined>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) deepFreeze(inner as JsonValue)
  return Object.freeze(value)
}

/**
 * What a driver gave to be kept, as a copy of our own.
 *
 * @throws PouchError `internal` when JSON would not keep it as it is
 */
export function keptState(driver: string, state: JsonValue | undefined): JsonValue | undefined {
  if (state === undefined) return undefined
  const wrong = notJson(state, 'state')
  if (wrong !== undefined)
    throw new PouchError('internal', `driver ${driver} gave a ${wrong}, which cannot be kept as JSON`)
  return deepFreeze(structuredClone(state))
}

function notJson(value: unknown, where: string): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${where} of ${value}`
  if (typeof value !== 'object') return `${where} of type ${typeof value}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return `${where} of a class`
  for (const [key, inner] of Object.entries(value)) {
    const wrong = notJson(inner, `${where}.${key}`)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
