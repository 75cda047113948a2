import { PouchError } from '@pouch/errors'
import type { ByteName } from '../byte-name.js'
import { blockBytes } from './tar-header.js'

/** A header's fields as they stand there. */
export interface RawHeader {
  readonly block: Buffer
  readonly name: ByteName
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Seconds. */
  readonly mtime: number
  readonly linkName: ByteName
  readonly major: number
  readonly minor: number
}

/** The error of an archive that is damaged at an offset. */
export function corrupt(what: string, offset: number): PouchError {
  const message = `the archive is damaged: ${what} at offset ${offset}; get it again`
  return new PouchError('corrupt', message, { op: 'tree.unpack', details: { offset } })
}

export function isZeroBlock(block: Buffer): boolean {
  for (const byte of block) if (byte !== 0) return false
  return true
}

/**
 * Reads a header's block: V7, ustar or GNU.
 *
 * @param offset where it is in the archive, for the error
 * @throws PouchError `corrupt`
 */
export function parseHeader(block: Buffer, offset: number): RawHeader {
  checkSum(block, offset)
  const magic = block.toString('latin1', 257, 265)
  const isUstar = magic.startsWith('ustar\0')
  const prefix = isUstar ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  const number = (start: number, length: number, what: string) => parseNumber(block, start, length, what, offset)
  const hasDevice = isUstar || magic.startsWith('ustar ')
  return {
    block,
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: block.toString('latin1', 156, 157),
    mode: number(100, 8, 'the mode'),
    uid: number(108, 8, 'the owner'),
    gid: number(116, 8, 'the group'),
    size: natural(number(124, 12, 'the size'), 'the size', offset),
    mtime: number(136, 12, 'the time'),
    linkName: text(block, 157, 100),
    major: hasDevice ? number(329, 8, 'the device') : 0,
    minor: hasDevice ? number(337, 8, 'the device') : 0,
  }
}

/** A number's field: octal digits, or a base-256 number where the first bit is set. @throws PouchError `corrupt` */
export function parseNumber(block: Buffer, start: number, length: number, what: string, offset: number): number {
  const first = block[start] ?? 0
  if ((first & 0x80) !== 0) return base256(block, start, length, what, offset)
  const digits = block
    .toString('latin1', start, start + length)
    .replace(/\0.*$/s, '')
    .trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw corrupt(`${what} is not a number`, offset)
  return Number.parseInt(digits, 8)
}

/** @throws PouchError `corrupt` for what is no count of bytes */
export function natural(value: number, what: string, offset: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw corrupt(`${what} is out of range`, offset)
}

function base256(block: Buffer, start: number, length: number, what: string, offset: number): number {
  const isNegative = ((block[start] ?? 0) & 0x40) !== 0
  // The first bit only marks the form; the next is the sign.
  let value = BigInt((block[start] ?? 0) & 0x7f)
  for (const byte of block.subarray(start + 1, start + length)) value = value * 256n + BigInt(byte)
  if (isNegative) value -= 1n << BigInt(length * 8 - 1)
  if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER)
    throw corrupt(`${what} is out of range`, offset)
  return Number(value)
}

/** Old programs summed signed bytes. */
function checkSum(block: Buffer, offset: number): void {
  const expected = parseNumber(block, 148, 8, 'a checksum', offset)
  let unsigned = 0
  let signed = 0
  for (let index = 0; index < blockBytes; index += 1) {
    const byte = index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0)
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  if (expected !== unsigned && expected !== signed) throw corrupt('a header has a wrong checksum', offset)
}

function text(block: Buffer, start: number, length: number): ByteName {
  const end = block.subarray(start, start + length).indexOf(0)
  return block.toString('latin1', start, end < 0 ? start + length : start + end)
}
