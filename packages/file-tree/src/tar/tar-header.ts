import type { ByteName } from '../byte-name.js'

/** Everything in an archive is in blocks of this size. */
export const blockBytes = 512

/** Where the fields of a header are, in bytes: V7's, ustar's, and those of GNU's old sparse files. */
export const fields = Object.freeze({
  name: { start: 0, length: 100 },
  mode: { start: 100, length: 8 },
  uid: { start: 108, length: 8 },
  gid: { start: 116, length: 8 },
  size: { start: 124, length: 12 },
  mtime: { start: 136, length: 12 },
  checksum: { start: 148, length: 8 },
  type: { start: 156, length: 1 },
  linkName: { start: 157, length: 100 },
  magic: { start: 257, length: 8 },
  major: { start: 329, length: 8 },
  minor: { start: 337, length: 8 },
  prefix: { start: 345, length: 155 },
  sparsePieces: { start: 386, length: 96 },
  isExtended: { start: 482, length: 1 },
  realSize: { start: 483, length: 12 },
}) satisfies Readonly<Record<string, Field>>

/** A place in a header. */
export interface Field {
  readonly start: number
  readonly length: number
}

/** The fields of a ustar header that this package writes. Text is in bytes (Latin-1). */
export interface TarHeader {
  readonly name: ByteName
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Whole seconds; a finer or negative time is a pax record's. */
  readonly mtime: number
  readonly linkName: ByteName
  readonly major: number
  readonly minor: number
}

/** The largest numbers that their fields hold. */
export const mostOctal = Object.freeze({ id: 0o7777777, size: 0o77777777777, time: 0o77777777777 })

/** How many bytes a block has after so many, up to the next block. */
export function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

/**
 * A ustar header's block. Numbers beyond their field are written as the largest that it holds, and names cut, which is
 * right only with a pax record that tells the whole.
 *
 * @param block where it goes; all zeros
 */
export function encodeHeader(header: TarHeader, block: Buffer = Buffer.alloc(blockBytes)): Buffer {
  const { prefix, name } = splitName(header.name)
  text(block, fields.name, name)
  octal(block, fields.mode, header.mode)
  octal(block, fields.uid, Math.min(header.uid, mostOctal.id))
  octal(block, fields.gid, Math.min(header.gid, mostOctal.id))
  octal(block, fields.size, Math.min(header.size, mostOctal.size))
  octal(block, fields.mtime, Math.min(Math.max(header.mtime, 0), mostOctal.time))
  text(block, fields.checksum, '        ')
  text(block, fields.type, header.type)
  text(block, fields.linkName, header.linkName)
  text(block, fields.magic, 'ustar\x0000')
  octal(block, fields.major, header.major)
  octal(block, fields.minor, header.minor)
  text(block, fields.prefix, prefix)
  let sum = 0
  // An iterator takes many times as long.
  for (let index = 0; index < blockBytes; index += 1) sum += block[index] ?? 0
  // Six digits, and two of the blanks.
  octal(block, { ...fields.checksum, length: 7 }, sum)
  return block
}

/** Whether a name fits the two fields that ustar has for it. */
export function fitsHeader(name: ByteName): boolean {
  const { prefix, name: last } = splitName(name)
  return (
    last.length <= fields.name.length &&
    prefix.length <= fields.prefix.length &&
    (prefix === '' ? last : `${prefix}/${last}`) === name
  )
}

function splitName(name: ByteName): { prefix: ByteName; name: ByteName } {
  const most = fields.name.length
  if (name.length <= most) return { prefix: '', name }
  // The slash of a directory's name stays at its end.
  const slash = name.lastIndexOf('/', Math.min(fields.prefix.length, name.length - 2))
  const rest = name.slice(slash + 1)
  return slash <= 0 || rest.length > most
    ? { prefix: '', name: name.slice(0, most) }
    : { prefix: name.slice(0, slash), name: rest }
}

function text(block: Buffer, { start, length }: Field, value: ByteName): void {
  block.write(value, start, length, 'latin1')
}

/** Digits, up to the field's last byte, which stays what it is. */
function octal(block: Buffer, { start, length }: Field, value: number): void {
  const digits = length - 1
  block.write(value.toString(8).padStart(digits, '0').slice(-digits), start, digits, 'latin1')
}
