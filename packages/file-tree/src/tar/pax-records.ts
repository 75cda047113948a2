import { PouchError } from '@pouch/errors'
import type { ByteName } from '../byte-name.js'

/** A record of an extended header: a keyword, and a value in bytes (Latin-1). */
export type PaxRecord = readonly [keyword: ByteName, value: ByteName]

/** Writes records: each is its own length in decimal, a blank, `keyword=value` and a newline. */
export function encodeRecords(records: readonly PaxRecord[]): Buffer {
  return Buffer.from(records.map(encodeRecord).join(''), 'latin1')
}

/**
 * Reads the records of an extended header, in their order; a keyword may come more than once.
 *
 * @param start where the header is in the archive, for the error
 * @throws PouchError `corrupt` with the offset
 */
export function parseRecords(data: Buffer, start: number): PaxRecord[] {
  const records: PaxRecord[] = []
  let offset = 0
  while (offset < data.length) {
    // Some pad the block with zeros inside the header's size.
    if (data[offset] === 0 && data.subarray(offset).every((byte) => byte === 0)) break
    const blank = data.indexOf(0x20, offset)
    const digits = blank < 0 ? '' : data.toString('latin1', offset, blank)
    const length = /^\d{1,10}$/.test(digits) ? Number(digits) : 0
    const end = offset + length
    const equals = data.indexOf(0x3d, blank)
    if (length < 5 || end > data.length || data[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw new PouchError(
        'corrupt',
        `an extended header is damaged at offset ${start + offset}; get the archive again`,
        {
          op: 'tree.unpack',
          details: { offset: start + offset },
        },
      )
    }
    records.push([data.toString('latin1', blank + 1, equals), data.toString('latin1', equals + 1, end - 1)])
    offset = end
  }
  return records
}

/** Seconds since 1970 in decimal, as many digits as it takes. */
export function paxTime(ns: bigint): string {
  const size = ns < 0n ? -ns : ns
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`
}

/** The nanoseconds of such a text, finer digits cut off; `undefined` for what is none. */
export function parsePaxTime(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,1000})(?:\.(\d*))?$/.exec(text)
  if (match === null) return undefined
  const [, sign, seconds = '', fraction = ''] = match
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return sign === '-' ? -ns : ns
}

function encodeRecord([keyword, value]: PaxRecord): string {
  const rest = ` ${keyword}=${value}\n`
  // The length counts its own digits.
  let length = rest.length + String(rest.length).length
  if (String(length).length !== String(rest.length).length) length += 1
  return `${length}${rest}`
}
