import type { Timestamp } from './gen/google/protobuf/timestamp.js'

// Go's zero time, year 1: containerd's way to say that there is none.
const goZeroSeconds = -62135596800n

/** A timestamp as RFC 3339 with up to nine digits, trailing zeros left off, as Go prints it; undefined for none. */
export function toRfc3339(timestamp: Timestamp | undefined): string | undefined {
  if (timestamp === undefined) return undefined
  const seconds = timestamp.seconds ?? 0n
  const nanos = timestamp.nanos ?? 0
  if (seconds === goZeroSeconds || (seconds === 0n && nanos === 0)) return undefined
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -5)
  const fraction = String(nanos).padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`
}
