import type { SystemCalls } from './system-calls.js'

/** A piece of a file that holds data; what lies between two is a hole, which reads as zeros. */
export interface Extent {
  readonly offset: number
  readonly length: number
}

/** A file's pieces beyond this many are taken as one, holes and all. */
export const mostExtents = 1 << 18
/** A smaller file that takes up as much as it holds is not asked for holes. */
const askFrom = 65536

/**
 * The pieces of a file that hold data, as the file system tells them. A file without holes is one piece; one that is all hole has none.
 * Space that was reserved and never written counts as a hole where the file system says so.
 */
export async function extentsOf(
  system: SystemCalls,
  descriptor: number,
  size: number,
  diskBytes: number,
): Promise<readonly Extent[]> {
  if (size === 0) return []
  if (size < askFrom && diskBytes >= size) return [{ offset: 0, length: size }]
  const extents: Extent[] = []
  for (let offset = 0; offset < size; ) {
    const start = await system.nextData(descriptor, offset)
    if (start === undefined || start >= size) break
    const isLast = extents.length === mostExtents - 1
    const end = isLast ? size : Math.min(size, await system.nextHole(descriptor, start))
    // A file that shrinks meanwhile may answer anything.
    if (end <= start) break
    extents.push({ offset: start, length: end - start })
    offset = end
  }
  return extents
}

/** Whether the pieces leave anything out. */
export function hasHoles(extents: readonly Extent[], size: number): boolean {
  const [first] = extents
  return size > 0 && !(extents.length === 1 && first?.offset === 0 && first.length === size)
}

/** The bytes in the pieces. */
export function dataBytes(extents: readonly Extent[]): number {
  return extents.reduce((sum, { length }) => sum + length, 0)
}
