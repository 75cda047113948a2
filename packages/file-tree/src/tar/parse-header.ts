import { PouchError } from '@pouch/errors'
import type { ByteName } from '../byte-name.js'
import { blockBytes, type Field, fields, type TarHeader } from './tar-header.js'

/** A header's fields as they stand there. */
export interface RawHeader extends Omit<TarHeader, 'mtime'> {
  readonly block: Buffer
  /** Whole seconds, of any size. */
  readonly mtime: bigint
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
  const magic = bytesOf(block, fields.magic)
  const isUstar = magic.startsWith('ustar\0')
  const prefix = isUstar ? text(block, fields.prefix) : ''
  const name = text(block, fields.name)
  const number = (field: Field, what: string) => parseNumber(block, field, what, offset)
  const hasDevice = isUstar || magic.startsWith('ustar ')
  return {
    block,
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: bytesOf(block, fields.type),
    mode: number(fields.mode, 'the mode'),
    uid: number(fields.uid, 'the owner'),
    gid: number(fields.gid, 'the group'),
    size: natural(number(fields.size, 'the size'), 'the size', offset),
    mtime: parseTime(block, offset),
    linkName: text(block, fields.linkName),
    major: hasDevice ? number(fields.major, 'the device') : 0,
    minor: hasDevice ? number(fields.minor, 'the device') : 0,
  }
}

/** A number's field: octal digits, or a base-256 number where the first bit is set. @throws PouchError `corrupt` */
export function parseNumber(block: Buffer, field: Field, what: string, offset: number): number {
  const first = block[field.start] ?? 0
  if ((first & 0x80) !== 0) return safe(base256(block, field), what, offset)
  const plain = plainOctal(block, field)
  if (plain !== undefined) return plain
  const digits = bytesOf(block, field).replace(/\0.*$/s, '').trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw corrupt(`${what} is not a number`, offset)
  return Number.parseInt(digits, 8)
}

/** Digits alone, up to a zero byte, as nearly all programs write them; `undefined` for what has to be looked at closely. */
function plainOctal(block: Buffer, { start, length }: Field): number | undefined {
  let value = 0
  for (let index = start; index < start + length; index += 1) {
    const digit = (block[index] ?? 0) - 0x30
    if (digit === -0x30 && index > start) return value
    if (digit < 0 || digit > 7) return undefined
    value = value * 8 + digit
  }
  return undefined
}

/** @throws PouchError `corrupt` for what is no count of bytes */
export function natural(value: number, what: string, offset: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw corrupt(`${what} is out of range`, offset)
}

/** A broken clock's time is no damage: it may be any number. */
function parseTime(block: Buffer, offset: number): bigint {
  const isBase256 = ((block[fields.mtime.start] ?? 0) & 0x80) !== 0
  return isBase256 ? base256(block, fields.mtime) : BigInt(parseNumber(block, fields.mtime, 'the time', offset))
}

function safe(value: bigint, what: string, offset: number): number {
  if (value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER) return Number(value)
  throw corrupt(`${what} is out of range`, offset)
}

function base256(block: Buffer, { start, length }: Field): bigint {
  const isNegative = ((block[start] ?? 0) & 0x40) !== 0
  // The first bit only marks the form; the next is the sign.
  let value = BigInt((block[start] ?? 0) & 0x7f)
  for (const byte of block.subarray(start + 1, start + length)) value = value * 256n + BigInt(byte)
  return isNegative ? value - (1n << BigInt(length * 8 - 1)) : value
}

/** Old programs summed signed bytes. */
function checkSum(block: Buffer, offset: number): void {
  const { start, length } = fields.checksum
  const expected = parseNumber(block, fields.checksum, 'a checksum', offset)
  let unsigned = 0
  let signed = 0
  for (let index = 0; index < blockBytes; index += 1) {
    const byte = index >= start && index < start + length ? 0x20 : (block[index] ?? 0)
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  if (expected !== unsigned && expected !== signed) throw corrupt('a header has a wrong checksum', offset)
}

function bytesOf(block: Buffer, { start, length }: Field): ByteName {
  return block.toString('latin1', start, start + length)
}

function text(block: Buffer, field: Field): ByteName {
  const zero = block.indexOf(0, field.start)
  const most = field.start + field.length
  return block.toString('latin1', field.start, zero < 0 ? most : Math.min(zero, most))
}
