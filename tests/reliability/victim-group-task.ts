import type { CrashCase } from './crash-cases.js'

/** What a victim with many homes is to do in each of them: a case, and to stop after another of its steps. */
export interface GroupTask extends CrashCase {
  /** Where it makes the homes. */
  readonly folder: string
}

/** Where a home was when the process was killed. */
export interface HeldHome {
  /** The case. */
  readonly title: string
  readonly home: string
  readonly point: string
  readonly isAcknowledged: boolean
  /** What had been begun, and where it had been. */
  readonly steps: readonly string[]
  readonly points: readonly string[]
}
