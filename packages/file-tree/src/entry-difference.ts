import type { Attribute } from './attribute.js'
import { shownName } from './byte-name.js'
import { readPieces } from './file-content.js'
import type { FoundEntry } from './found-entry.js'
import { type Extent, extentsOf } from './sparse-map.js'
import type { SystemCalls } from './system-calls.js'
import type { Ownership } from './tree-call.js'

/** In what two entries differ. */
export type DifferenceKind =
  | 'missing'
  | 'extra'
  | 'kind'
  | 'mode'
  | 'owner'
  | 'mtime'
  | 'size'
  | 'content'
  | 'target'
  | 'device'
  | 'attributes'
  | 'links'

/** A difference, with a word on it for a person. */
export type Difference = readonly [what: DifferenceKind, detail: string]

/** The first difference of two entries of one path, content left out. */
export function metadataDifference(a: FoundEntry, b: FoundEntry, ownership: Ownership): Difference | undefined {
  const [x, y] = [a.stat, b.stat]
  const modeBits = ownership === 'keep' ? 0o7777 : 0o1777
  if (x.kind !== y.kind) return ['kind', `a ${x.kind} and a ${y.kind}`]
  if (x.kind !== 'symlink' && (x.mode & modeBits) !== (y.mode & modeBits)) {
    return ['mode', `the permissions are ${x.mode.toString(8)} and ${y.mode.toString(8)}`]
  }
  if (ownership === 'keep' && (x.uid !== y.uid || x.gid !== y.gid)) {
    return ['owner', `it belongs to ${x.uid}:${x.gid} and ${y.uid}:${y.gid}`]
  }
  if (x.kind === 'file' && x.size !== y.size) return ['size', `it has ${x.size} and ${y.size} bytes`]
  if (a.target !== b.target)
    return ['target', `it leads to '${shownName(a.target ?? '')}' and '${shownName(b.target ?? '')}'`]
  const isDevice = x.kind === 'character-device' || x.kind === 'block-device'
  if (isDevice && (x.major !== y.major || x.minor !== y.minor)) {
    return ['device', `it is the device ${x.major}:${x.minor} and ${y.major}:${y.minor}`]
  }
  const name = attributeDifference(a.attributes, b.attributes)
  if (name !== undefined) return ['attributes', `the attribute ${shownName(name)} is not the same`]
  if (x.mtimeNs !== y.mtimeNs) return ['mtime', `it was changed at ${x.mtimeNs} and ${y.mtimeNs} ns`]
  return undefined
}

/** Whether two files of the same size hold the same bytes. What is a hole in both is not read. */
export async function hasSameContent(
  system: SystemCalls,
  a: FoundEntry,
  b: FoundEntry,
  onBytes: (count: number) => void,
): Promise<boolean> {
  if (a.content !== undefined && b.content !== undefined) {
    onBytes(a.content.length)
    return a.content.equals(b.content)
  }
  const extents = union(await dataOf(system, a), await dataOf(system, b))
  const others = pieces(b, extents)
  try {
    for await (const piece of pieces(a, extents)) {
      const { value } = await others.next()
      onBytes(piece.length)
      if (value === undefined || !piece.equals(value)) return false
    }
    return true
  } finally {
    await others.return()
  }
}

async function* pieces({ content, descriptor }: FoundEntry, extents: readonly Extent[]): AsyncGenerator<Buffer, void> {
  if (descriptor !== undefined) {
    for await (const { data } of readPieces(descriptor, extents)) yield data
    return
  }
  // A small file is one piece or none.
  for (const { offset, length } of extents) yield (content ?? Buffer.alloc(0)).subarray(offset, offset + length)
}

async function dataOf(system: SystemCalls, { descriptor, stat }: FoundEntry): Promise<readonly Extent[]> {
  if (descriptor === undefined) return stat.size === 0 ? [] : [{ offset: 0, length: stat.size }]
  return await extentsOf(system, descriptor, stat.size, stat.diskBytes)
}

/** What either of two lists covers, in order. */
function union(a: readonly Extent[], b: readonly Extent[]): readonly Extent[] {
  const all = [...a, ...b].sort((x, y) => x.offset - y.offset)
  const merged: { offset: number; length: number }[] = []
  for (const { offset, length } of all) {
    const last = merged.at(-1)
    if (last === undefined || offset > last.offset + last.length) merged.push({ offset, length })
    else last.length = Math.max(last.length, offset + length - last.offset)
  }
  return merged
}

function attributeDifference(a: readonly Attribute[], b: readonly Attribute[]): string | undefined {
  const left = new Map(b.map(({ name, value }) => [name, value]))
  for (const { name, value } of a) {
    if (left.get(name)?.equals(value) !== true) return name
    left.delete(name)
  }
  return left.keys().next().value
}
