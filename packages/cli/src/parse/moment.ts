import { parseDuration } from '@pouch/units'
import { usageError } from './usage-error.js'

/**
 * Reads a `--since` or `--until`: seconds since 1970, a date (`2026-11-21`, `2026-11-21T07:08:17.5Z`; local time without a
 * zone), or a duration back from now (`10m`, `1h30m`).
 *
 * @param nowMs milliseconds since 1970
 * @returns seconds since 1970 with up to nine decimals, as the API takes them
 */
export function parseMoment(text: string, flag: string, nowMs: number): string {
  if (/^-?\d{1,12}(\.\d{1,9})?$/.test(text)) return text
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text)
  if (match?.[1] !== undefined) {
    const ms = Date.parse(`${match[1]}T${match[2] ?? '00:00'}:${match[3] ?? '00'}${match[5] ?? ''}`)
    if (Number.isNaN(ms)) throw usageError(flag, text, 'there is no such date')
    return match[4] === undefined ? String(ms / 1000) : `${ms / 1000}.${match[4]}`
  }
  try {
    return ((nowMs - parseDuration(text)) / 1000).toFixed(9)
  } catch {
    // What durations look like is one of several forms that are right here.
    throw usageError(
      flag,
      text,
      'write seconds since 1970, a date like 2026-11-21T07:00:00Z, or a time back from now like 10m',
    )
  }
}
