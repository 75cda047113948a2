import type { ByteName } from '../byte-name.js'

/** Everything in an archive is in blocks of this size. */
export const blockBytes = 512

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
 */
export function encodeHeader(header: TarHeader): Buffer {
  const block = Buffer.alloc(blockBytes)
  const { prefix, name } = splitName(header.name)
  block.write(name, 0, 100, 'latin1')
  octal(block, 100, 7, header.mode)
  octal(block, 108, 7, Math.min(header.uid, mostOctal.id))
  octal(block, 116, 7, Math.min(header.gid, mostOctal.id))
  octal(block, 124, 11, Math.min(header.size, mostOctal.size))
  octal(block, 136, 11, Math.min(Math.max(header.mtime, 0), mostOctal.time))
  block.write('        ', 148, 'latin1')
  block.write(header.type, 156, 1, 'latin1')
  block.write(header.linkName, 157, 100, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  octal(block, 329, 7, header.major)
  octal(block, 337, 7, header.minor)
  block.write(prefix, 345, 155, 'latin1')
  let sum = 0
  for (const byte of block) sum += byte
  octal(block, 148, 6, sum)
  block[155] = 0x20
  return block
}

/** Whether a name fits the two fields that ustar has for it. */
export function fitsHeader(name: ByteName): boolean {
  const { prefix, name: last } = splitName(name)
  return last.length <= 100 && prefix.length <= 155 && (prefix === '' ? last : `${prefix}/${last}`) === name
}

function splitName(name: ByteName): { prefix: ByteName; name: ByteName } {
  if (name.length <= 100) return { prefix: '', name }
  // The slash of a directory's name stays at its end.
  const slash = name.lastIndexOf('/', Math.min(155, name.length - 2))
  const rest = name.slice(slash + 1)
  return slash <= 0 || rest.length > 100
    ? { prefix: '', name: name.slice(0, 100) }
    : { prefix: name.slice(0, slash), name: rest }
}

function octal(block: Buffer, offset: number, digits: number, value: number): void {
  block.write(value.toString(8).padStart(digits, '0').slice(-digits), offset, digits, 'latin1')
}
