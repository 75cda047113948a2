import type { DriverDefinition, DriverVolume, JsonValue } from './driver.js'
import { typedOptions } from './options.js'
import type { VolumeRecord } from './volume-record.js'

/** A volume as its driver gets it: typed and frozen, down to the state that the driver gave. */
export function driverVolume(definition: DriverDefinition, record: VolumeRecord): DriverVolume {
  return Object.freeze({
    name: record.name,
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
