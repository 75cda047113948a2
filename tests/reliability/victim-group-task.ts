import type { CrashCase } from './crash-cases.js'

/** What a victim with many homes is to do in each of them: a case, and to stop after another of its steps. */
export interface GroupTask extends CrashCase {
  /** Where it makes the homes. */
  readonly folder: string
  /** After which of its points one more home is stopped, to be opened by another victim. */
  readonly opened: readonly number[]
}

/** What a victim is to open, and at which point of the recovery it is to stop. */
export interface RecoveryTask {
  readonly home: string
  readonly killAt: number
}

/** Where a home was when the process was killed. */
export interface HeldHome {
  /** The case. */
  readonly title: string
  readonly home: string
  readonly point: string
  readonly isAcknowledged: boolean
  /** Whether it is one of those for another victim. */
  readonly isForRecovery: boolean
  /** What had been begun, and where it had been. */
  readonly steps: readonly string[]
  readonly points: readonly string[]
}

/** Where the recovery of a home was when the process was killed. */
export interface HeldRecovery {
  readonly home: string
  /** `undefined` when it was through. */
  readonly point: string | undefined
}
