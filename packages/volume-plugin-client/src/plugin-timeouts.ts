import { PouchError } from '@pouch/errors'

/** How long a plugin is waited for, in milliseconds. The defaults are dockerd's. */
export interface PluginTimeouts {
  /** One `Create`; 120,000 unless given. */
  readonly createMs?: number | undefined
  /** One `Mount`; 120,000 unless given. */
  readonly mountMs?: number | undefined
  /** Any other call; 60,000 unless given. */
  readonly otherMs?: number | undefined
  /** The pause before a plugin that cannot be reached is tried again, doubled each time; 1,000 unless given. */
  readonly firstRetryMs?: number | undefined
  /** A call makes no pause that would end later than this after its first try; 30,000 unless given, 0 for one try. */
  readonly retryMs?: number | undefined
}

/** The timeouts with their defaults filled in. @throws PouchError `invalid-argument` */
export function checkedTimeouts(timeouts: PluginTimeouts = {}): Required<{ [Key in keyof PluginTimeouts]: number }> {
  return Object.freeze({
    createMs: checked('createMs', timeouts.createMs ?? 120_000, 1),
    mountMs: checked('mountMs', timeouts.mountMs ?? 120_000, 1),
    otherMs: checked('otherMs', timeouts.otherMs ?? 60_000, 1),
    firstRetryMs: checked('firstRetryMs', timeouts.firstRetryMs ?? 1_000, 1),
    retryMs: checked('retryMs', timeouts.retryMs ?? 30_000, 0),
  })
}

/** What {@link checkedTimeouts} returns. */
export type CheckedTimeouts = ReturnType<typeof checkedTimeouts>

function checked(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value < 2 ** 31) return value
  const text = `timeouts.${name} of a volume plugin is a whole number of milliseconds from ${least} up, not ${value}`
  throw new PouchError('invalid-argument', text, { op: 'plugin.options', details: { option: name } })
}
