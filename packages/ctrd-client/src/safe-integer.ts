import { PouchError } from '@pouch/errors'

/**
 * A 64-bit number of the wire as a number.
 *
 * @throws PouchError `corrupt` when a number cannot hold it exactly
 */
export function toNumber(value: bigint | undefined, what: string): number {
  const number = Number(value ?? 0n)
  if (Number.isSafeInteger(number)) return number
  throw new PouchError('corrupt', `containerd answered with a ${what} of ${value}, which is too large to be true`, {
    op: 'containerd.decode',
    subject: what,
  })
}

/**
 * A size or an offset of the caller's as the wire wants it.
 *
 * @throws PouchError `invalid-argument` for a negative, fractional or unsafe number
 */
export function toBigInt(value: number, what: string): bigint {
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  throw new PouchError('invalid-argument', `${what} must be a whole number of at least 0, not ${value}`, {
    op: 'containerd.encode',
    subject: what,
  })
}
