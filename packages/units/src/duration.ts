import { PouchError } from '@pouch/errors'

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const whole = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g

/**
 * Reads a duration as Go writes it: `1h30m`, `10s`, `1.5m`, `250ms`, `0`.
 *
 * @returns milliseconds; may be negative and may have a fraction
 * @throws PouchError `invalid-argument` on anything else
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim()
  if (/^[+-]?0$/.test(trimmed)) return 0
  if (!whole.test(trimmed)) {
    throw new PouchError('invalid-argument', `invalid duration '${text}': write it like 10s, 1h30m or 250ms`, {
      op: 'units.parseDuration',
      subject: text,
    })
  }
  let ms = 0
  for (const [, amount, unit] of trimmed.matchAll(part)) ms += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  return trimmed.startsWith('-') ? -ms : ms
}

/** Prints milliseconds as Go does: `1h30m0s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const sign = ms < 0 ? '-' : ''
  const size = Math.abs(ms)
  if (size < 1) return `${sign}${trim(size * 1000)}µs`
  if (size < 1000) return `${sign}${trim(size)}ms`
  const hours = Math.floor(size / 3_600_000)
  const minutes = Math.floor((size % 3_600_000) / 60_000)
  const seconds = trim((size % 60_000) / 1000)
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`
}

const trim = (value: number): string => String(Number(value.toFixed(6)))
