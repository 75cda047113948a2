import { type Extent, mostExtents } from '../sparse-map.js'
import type { ByteReader } from './byte-reader.js'
import { corrupt, natural, parseNumber, type RawHeader } from './parse-header.js'
import type { PaxRecord } from './pax-records.js'
import { blockBytes, fields } from './tar-header.js'

/** Where a sparse file's bytes belong, and how large it is with its holes. */
export interface SparseMap {
  readonly extents: readonly Extent[]
  readonly size: number
  /** Bytes of the member's data that the map took up. */
  readonly mapBytes: number
}

const perHeader = 4
const perExtension = 21
/** Of a piece: where it belongs, and how long it is. */
const pieceBytes = 24
const numberBytes = pieceBytes / 2

/** GNU's old form: the map is in the header (type `S`), and in blocks that follow it. */
export async function oldSparseMap(header: RawHeader, reader: ByteReader, offset: number): Promise<SparseMap> {
  const size = natural(parseNumber(header.block, fields.realSize, 'the size', offset), 'the size', offset)
  const extents = oldExtents(header.block, fields.sparsePieces.start, perHeader, offset)
  for (let isExtended = header.block[fields.isExtended.start] !== 0; isExtended; ) {
    if (extents.length > mostExtents) throw tooMany(offset)
    const block = Buffer.from(await reader.read(blockBytes))
    extents.push(...oldExtents(block, 0, perExtension, offset))
    isExtended = block[perExtension * pieceBytes] !== 0
  }
  return checked({ extents, size, mapBytes: 0 }, header.size, offset)
}

/** The forms 0.0, 0.1 and 1.0 that GNU tar puts into pax headers; `undefined` when the records tell of none. */
export async function paxSparseMap(
  records: readonly PaxRecord[],
  storedBytes: number,
  reader: ByteReader,
  offset: number,
): Promise<SparseMap | undefined> {
  const last = new Map(records)
  const number = (text: string | undefined, what: string) => decimal(text, what, offset)
  if (last.get('GNU.sparse.major') === '1') {
    const size = number(last.get('GNU.sparse.realsize'), 'the size of a sparse file')
    return checked(await mapInData(reader, size, storedBytes, offset), storedBytes, offset)
  }
  const size = last.get('GNU.sparse.size')
  if (size === undefined) return undefined
  const map = last.get('GNU.sparse.map')
  const numbers =
    map === undefined
      ? records
          .filter(([keyword]) => keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes')
          .map(([, value]) => value)
      : map === ''
        ? []
        : map.split(',')
  if (numbers.length % 2 !== 0) throw corrupt('the map of a sparse file has half a piece', offset)
  const extents: Extent[] = []
  for (let index = 0; index < numbers.length; index += 2) {
    extents.push({
      offset: number(numbers[index], 'a piece of a sparse file'),
      length: number(numbers[index + 1], 'a piece of a sparse file'),
    })
  }
  return checked({ extents, size: number(size, 'the size of a sparse file'), mapBytes: 0 }, storedBytes, offset)
}

/** Form 1.0: the data begins with lines of decimals, padded to a block. */
async function mapInData(reader: ByteReader, size: number, storedBytes: number, offset: number): Promise<SparseMap> {
  let text = ''
  let mapBytes = 0
  const readBlock = async () => {
    mapBytes += blockBytes
    if (mapBytes > storedBytes) throw corrupt('the map of a sparse file is longer than its data', offset)
    text += (await reader.read(blockBytes)).toString('latin1')
  }
  const nextNumber = async () => {
    while (!text.includes('\n')) {
      if (text.length > 32) throw corrupt('the map of a sparse file is no list of numbers', offset)
      await readBlock()
    }
    const end = text.indexOf('\n')
    const value = decimal(text.slice(0, end), 'a piece of a sparse file', offset)
    text = text.slice(end + 1)
    return value
  }
  const count = await nextNumber()
  if (count > mostExtents) throw tooMany(offset)
  const extents: Extent[] = []
  while (extents.length < count) extents.push({ offset: await nextNumber(), length: await nextNumber() })
  return { extents, size, mapBytes }
}

function oldExtents(block: Buffer, start: number, count: number, offset: number): Extent[] {
  const extents: Extent[] = []
  for (let index = 0; index < count; index += 1) {
    const at = start + index * pieceBytes
    // An empty place ends the list.
    if (block[at + numberBytes] === 0) break
    const number = (start: number) =>
      natural(parseNumber(block, { start, length: numberBytes }, 'a piece', offset), 'a piece', offset)
    extents.push({ offset: number(at), length: number(at + numberBytes) })
  }
  return extents
}

/** The pieces are in order, within the file, and as long in all as the data. */
function checked(map: SparseMap, storedBytes: number, offset: number): SparseMap {
  if (map.extents.length > mostExtents) throw tooMany(offset)
  let end = 0
  let sum = 0
  for (const extent of map.extents) {
    if (extent.offset < end || extent.offset + extent.length > map.size) {
      throw corrupt('the pieces of a sparse file overlap or lie outside of it', offset)
    }
    end = extent.offset + extent.length
    sum += extent.length
  }
  const dataBytes = storedBytes - map.mapBytes
  if (sum !== dataBytes) throw corrupt('a sparse file has more or less data than its map tells', offset)
  return { ...map, extents: map.extents.filter(({ length }) => length > 0) }
}

function decimal(text: string | undefined, what: string, offset: number): number {
  if (text === undefined || !/^\d{1,16}$/.test(text)) throw corrupt(`${what} is not a number`, offset)
  return natural(Number(text), what, offset)
}

function tooMany(offset: number) {
  return corrupt(`a sparse file has more than ${mostExtents} pieces`, offset)
}
