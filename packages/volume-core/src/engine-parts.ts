import type { Logger } from './driver.js'
import type { DriverTable } from './driver-table.js'
import type { LateDrivers } from './late-drivers.js'
import type { Lease, NameLocks } from './name-locks.js'
import type { VolumeEmitter } from './volume-events.js'
import type { VolumeTable } from './volume-table.js'

/** What the parts of one engine share. */
export interface EngineParts {
  readonly volumes: VolumeTable
  readonly drivers: DriverTable
  readonly late: LateDrivers
  readonly locks: NameLocks
  readonly events: VolumeEmitter
  readonly log: Logger
  readonly clock: () => number
  readonly hostName: string
  /** Made for each start of an engine: tells its own passing references from those of an earlier one. */
  readonly runId: string
  readonly timeoutMs: number
}

/** An operation at work on a volume whose lock it holds. */
export interface Work {
  readonly lease: Lease
  /** The caller's. Absent for what has to be finished whether the caller stays or not. */
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
}

/** The same for a look at a volume, which takes no lock. */
export type Look = Omit<Work, 'lease'> & { readonly lease?: Lease | undefined }
