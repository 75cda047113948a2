import { parseBytes } from '@pouch/units'
import { usageError } from './usage-error.js'

/** A size in bytes; `0` means no limit, and -1 too where `allowUnlimited` is set. */
export function parseSizeFlag(flag: string, text: string, allowUnlimited = false): number {
  if (text === '0') return 0
  if (allowUnlimited && text === '-1') return -1
  try {
    return parseBytes(text)
  } catch {
    // The flag's own words name it and tell the form, which the cause does not.
    throw usageError(flag, text, 'a size is a number and a unit, like 512m, 10g or 1.5GiB')
  }
}

/** A whole number between `min` and what a number holds exactly. */
export function parseIntFlag(flag: string, text: string, min = Number.MIN_SAFE_INTEGER): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw usageError(flag, text, 'it is not a whole number')
  if (value < min) throw usageError(flag, text, `it is less than ${min}`)
  return value
}

/** A number of CPUs with up to nine decimals, in billionths. */
export function parseCpus(text: string): number {
  const match = /^(\d{1,6})?(?:\.(\d{0,9}))?$/.exec(text)
  if (match === null || !/\d/.test(text))
    throw usageError('--cpus', text, 'write a number like 2 or 0.5, with nine decimals at most')
  return Number(match[1] ?? 0) * 1e9 + Number((match[2] ?? '').padEnd(9, '0'))
}
