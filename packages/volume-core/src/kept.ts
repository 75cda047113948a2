import { PouchError } from '@pouch/errors'
import type { JsonValue } from '@pouch/store'
import type { CreatedVolume } from './driver.js'
import { keptState } from './driver-volume.js'

/** What of a record a driver may give to be kept. */
interface Keeping {
  readonly driver: string
  readonly sizeBytes?: number
  readonly state?: JsonValue
}

/**
 * A record with what its driver gave to be kept; what the driver did not give stays.
 *
 * @throws PouchError `internal` for what cannot be kept
 */
export function keptBy<T extends Keeping>(record: T, made: CreatedVolume | undefined): T {
  const { sizeBytes } = made ?? {}
  if (sizeBytes !== undefined && (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)) {
    throw new PouchError('internal', `driver ${record.driver} answered a size of ${sizeBytes} bytes`)
  }
  const state = keptState(record.driver, made?.state)
  return {
    ...record,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(state === undefined ? {} : { state }),
  }
}
