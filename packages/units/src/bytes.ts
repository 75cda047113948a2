import { PouchError } from '@pouch/errors'

const grammar = /^(\d+(?:\.\d+)?)\s*(?:([kmgtpe])i?b?|b)?$/i
const powers: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5, e: 6 }
const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const

/**
 * Reads a size: `10g`, `10GB`, `512MiB`, `1.5G`, `4096`, `4096B`. Units are powers of 1024 in every spelling, as
 * container tools have it. A fraction is rounded down to whole bytes.
 *
 * @param text the size as a person wrote it, or a number of bytes
 * @returns bytes, between 1 and `Number.MAX_SAFE_INTEGER`
 * @throws PouchError `invalid-argument` on zero, a negative, an overflow or anything that is not a size
 */
export function parseBytes(text: string | number): number {
  const bytes = typeof text === 'number' ? text : bytesOf(text.trim())
  if (bytes === undefined || Number.isNaN(bytes))
    throw refused(text, 'a size is a number and a unit, like 512m, 10g or 1.5GiB')
  if (bytes < 1) throw refused(text, 'a size is at least one byte')
  if (bytes > Number.MAX_SAFE_INTEGER) throw refused(text, 'it is larger than this program can count')
  if (!Number.isInteger(bytes)) throw refused(text, 'a number of bytes has no fraction')
  return bytes
}

/**
 * Prints a size for a person: `512MiB`, `1.5GiB`, `17B`; powers of 1024, at most `digits` decimals.
 *
 * @param bytes a non-negative number of bytes
 * @param digits decimals at most; 2 unless told
 */
export function formatBytes(bytes: number, digits = 2): string {
  let value = bytes
  let step = 0
  // Rounded first: 1023.999 KiB is 1 MiB to a reader.
  while (Number(value.toFixed(digits)) >= 1024 && step < steps.length - 1) {
    value /= 1024
    step += 1
  }
  return `${Number(value.toFixed(digits))}${steps[step]}`
}

function bytesOf(text: string): number | undefined {
  const match = grammar.exec(text)
  if (match?.[1] === undefined) return undefined
  const power = powers[match[2]?.toLowerCase() ?? ''] ?? 0
  return Math.floor(Number(match[1]) * 1024 ** power)
}

function refused(text: string | number, why: string): PouchError {
  return new PouchError('invalid-argument', `invalid size '${text}': ${why}`, {
    op: 'units.parseBytes',
    subject: String(text),
  })
}
