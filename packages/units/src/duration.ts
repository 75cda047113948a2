import { PouchError } from '@pouch/errors'

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const whole = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g

/** What Go's durations hold: 2⁶³ nanoseconds, 292 years. */
const mostMs = 2 ** 63 / 1e6

/**
 * Reads a duration as Go writes it: `1h30m`, `10s`, `1.5m`, `250ms`, `0`.
 *
 * @returns milliseconds; may be negative and may have a fraction
 * @throws PouchError `invalid-argument` on anything else, and on more than 292 years
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim()
  if (/^[+-]?0$/.test(trimmed)) return 0
  if (!whole.test(trimmed)) throw refused(text, 'write it like 10s, 1h30m or 250ms')
  let ms = 0
  for (const [, amount, unit] of trimmed.matchAll(part)) ms += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  if (ms >= mostMs) throw refused(text, 'it is longer than 292 years')
  return trimmed.startsWith('-') ? -ms : ms
}

/** Prints milliseconds as Go does, to the nanosecond: `1h30m0s`, `1.5s`, `250ms`, `10µs`, `0s`. */
export function formatDuration(ms: number): string {
  const ns = Math.round(Math.abs(ms) * 1e6)
  if (ns === 0) return '0s'
  const sign = ms < 0 ? '-' : ''
  if (ns < 1e3) return `${sign}${ns}ns`
  if (ns < 1e6) return `${sign}${ns / 1e3}µs`
  if (ns < 1e9) return `${sign}${ns / 1e6}ms`
  const minutes = Math.floor(ns / 6e10)
  const seconds = Number(((ns % 6e10) / 1e9).toFixed(9))
  if (minutes === 0) return `${sign}${seconds}s`
  const hours = Math.floor(minutes / 60)
  return `${sign}${hours > 0 ? `${hours}h` : ''}${minutes % 60}m${seconds}s`
}

/**
 * Tells a length of time in Docker's words, as lists show ages: `Less than a second`, `About a minute`, `3 hours`, `2 weeks`.
 *
 * @param ms milliseconds; whatever is below a second, negatives too, is less than one
 */
export function durationInWords(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.round(ms / 3_600_000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  const days = Math.floor(hours / 24)
  if (days < 7 * 2) return `${days} days`
  if (days < 30 * 2) return `${Math.floor(days / 7)} weeks`
  if (days < 365 * 2) return `${Math.floor(days / 30)} months`
  return `${Math.floor(days / 365)} years`
}

function refused(text: string, why: string): PouchError {
  return new PouchError('invalid-argument', `invalid duration '${text}': ${why}`, {
    op: 'units.parseDuration',
    subject: text,
  })
}
