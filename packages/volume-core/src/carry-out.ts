import { type ErrorCode, hasCode, PouchError } from '@pouch/errors'
import type { Backend } from './backend.js'
import type { DriverCall } from './driver.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'

/** What a driver is to do for an intent that is durable. */
export interface Step<T> {
  readonly verb: string
  /** Whether it may have been begun before. */
  readonly isAgain: boolean
  call(call: DriverCall): Promise<T>
  /** Takes the intent back, durably, when the driver refuses. */
  giveUp(): Promise<unknown>
}

/** An answer with one of these codes says that nothing was changed. */
const refusals: readonly ErrorCode[] = [
  'in-use',
  'unsupported',
  'permission-denied',
  'exhausted',
  'invalid-argument',
  'not-found',
  'already-exists',
  'conflict',
]

/**
 * Calls the driver for a durable intent. What was begun is finished, so the caller's signal is not passed on. A driver that refuses has the
 * intent taken back; after any other failure it stays, and is tried again.
 */
export async function carryOut<T>(
  parts: EngineParts,
  entry: VolumeEntry,
  backend: Backend,
  step: Step<T>,
  work: Work,
): Promise<T> {
  try {
    return await backend.call(step.verb, begun(work), (call) => step.call(call))
  } catch (error) {
    if (isRefusal(error, step.isAgain)) await giveUp(parts, entry, step)
    else entry.problem = PouchError.from(error)
    throw error
  }
}

/** The work of what was begun: whether the caller stays or not. */
export function begun({ lease, timeoutMs }: Work): Work {
  return { lease, timeoutMs }
}

/** A record of which nothing is pending. */
export function withoutPending(record: VolumeRecord): VolumeRecord {
  const { pending: _, ...rest } = record
  return rest
}

/** `unavailable` says that this try did nothing, and not what an earlier one did. */
function isRefusal(error: unknown, isAgain: boolean): boolean {
  return refusals.some((code) => hasCode(error, code)) || (!isAgain && hasCode(error, 'unavailable'))
}

async function giveUp(parts: EngineParts, entry: VolumeEntry, step: Step<unknown>): Promise<void> {
  try {
    await step.giveUp()
  } catch (error) {
    entry.problem = PouchError.from(error)
    parts.log.warn({ volume: entry.name, err: error }, 'what a driver refused could not be taken back yet')
  }
}
