import type { FaultLayer } from './faults/fault-plan.js'
import type { Operation, Outcome } from './operation.js'
import type { ModelState } from './volume-model.js'

/** What a victim is to do, and where it is to die. */
export interface VictimTask {
  readonly home: string
  /** Before the points are counted. */
  readonly prepare: readonly Operation[]
  readonly run: readonly Operation[]
  readonly layer: FaultLayer
  /** The number of the point; 0 for none. */
  readonly killAt: number
  /** Count from the opening of the engine on: the recovery after a crash is killed. */
  readonly isArmedAtOpen: boolean
  /** Die once everything is acknowledged, rather than close. */
  readonly isKilledAtEnd: boolean
  /** Work of clients that has no end, instead of `run`. */
  readonly load?: LoadTask | undefined
}

/** What clients begin with. */
export interface LoadTask {
  readonly seed: number
  readonly state: ModelState
}

/** What a victim tells. */
export type VictimEvent =
  | { readonly event: 'begun' }
  | { readonly event: 'acknowledged'; readonly outcome: Outcome }
  | { readonly event: 'passed'; readonly points: number; readonly steps: readonly string[] }
  | { readonly event: 'killed'; readonly point: string }
  | LoadEvent

/** What a client under load tells: before it asks for something, and after that was acknowledged. */
export type LoadEvent =
  | { readonly event: 'asked'; readonly client: number; readonly operation: Operation }
  | { readonly event: 'answered'; readonly client: number; readonly outcome: Outcome }

/** How a victim ended. */
export interface VictimReport {
  /** How many operations of `run` were acknowledged, and how. */
  readonly outcomes: readonly Outcome[]
  /** Where it was killed; `undefined` when it was not. */
  readonly killedAt: string | undefined
  readonly steps: readonly string[]
  readonly points: number
}
