import { type ErrorCode, type ErrorOptions, PouchError } from '@pouch/errors'

/**
 * What a call that failed did at the plugin: `nothing`, it did not get there; `refused`, the plugin answered that it did not do it;
 * `unknown`, nobody can tell.
 */
export type PluginOutcome = 'nothing' | 'refused' | 'unknown'

/** What a {@link PluginFailure} tells besides. */
export interface PluginFailureOptions extends ErrorOptions {
  readonly outcome: PluginOutcome
  /** Whether the plugin may just be starting, and the same call may be made again. */
  readonly isTransient?: boolean
}

/** The failure of a call of a plugin. */
export class PluginFailure extends PouchError {
  readonly outcome: PluginOutcome
  readonly isTransient: boolean

  constructor(code: ErrorCode, message: string, options: PluginFailureOptions) {
    const { outcome, isTransient, ...about } = options
    super(code, message, about)
    this.outcome = outcome
    this.isTransient = isTransient === true
  }
}

/** What a call that threw did at the plugin. */
export function outcomeOf(thrown: unknown): PluginOutcome {
  return thrown instanceof PluginFailure ? thrown.outcome : 'unknown'
}

/** Whether a plugin answered that it has no such call, as old ones do of those that came later. */
export function isUnknownCall(thrown: unknown): boolean {
  return thrown instanceof PluginFailure && thrown.outcome === 'refused' && thrown.details.status === 404
}
