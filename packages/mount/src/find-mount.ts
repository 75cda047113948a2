import { canonicalPath, isWithin } from './canonical-path.js'
import { type MountEntry, readMountinfo } from './mountinfo.js'
import { requireAbsolute } from './require-absolute.js'

/**
 * The mount that a path lies on: the topmost one that is reachable by that path now. A mount that is hidden by a later one is not
 * found. A path that is itself a mount point is answered from mountinfo alone, so that a dead network mount does not
 * hang the caller.
 *
 * @param path absolute; its last parts need not exist
 * @returns `undefined` only where the process sees no mount at all
 */
export async function findMount(path: string): Promise<MountEntry | undefined> {
  const absolute = requireAbsolute(path, 'findMount')
  const entries = await readMountinfo()
  const found = mountOf(absolute, entries)
  return found?.mountPoint === absolute ? found : mountOf(await canonicalPath(absolute), entries)
}

/** Whether something is mounted right at this path. A path that does not exist is not a mount point. */
export async function isMountpoint(path: string): Promise<boolean> {
  const absolute = requireAbsolute(path, 'isMountpoint')
  return (await mountAt(absolute, await readMountinfo())) !== undefined
}

/** The topmost mount right at a path, of a list that was read before. */
export async function mountAt(path: string, entries: readonly MountEntry[]): Promise<MountEntry | undefined> {
  const found = mountOf(path, entries)
  if (found?.mountPoint === path) return found
  const canonical = await canonicalPath(path)
  const other = mountOf(canonical, entries)
  return other?.mountPoint === canonical ? other : undefined
}

/**
 * The mounts below a path, hidden ones too, in the kernel's order (unmount them in reverse). The path itself is not among them.
 *
 * @param path absolute
 */
export async function mountsUnder(path: string): Promise<MountEntry[]> {
  const canonical = await canonicalPath(path)
  const entries = await readMountinfo()
  return entries.filter(({ mountPoint }) => mountPoint !== canonical && isWithin(canonical, mountPoint))
}

/**
 * Walks down from the root as the kernel does: of the mounts that sit on the current one, the one that the path meets first is next.
 *
 * @param path canonical
 */
export function mountOf(path: string, entries: readonly MountEntry[]): MountEntry | undefined {
  const ids = new Set(entries.map(({ id }) => id))
  const onTheWay = entries.filter(({ mountPoint }) => isWithin(mountPoint, path))
  const isTop = ({ id, parentId }: MountEntry) => id === parentId || !ids.has(parentId)
  let current: MountEntry | undefined
  let next = first(onTheWay.filter(isTop))
  while (next !== undefined) {
    const { id } = next
    current = next
    next = first(onTheWay.filter((entry) => entry.parentId === id && entry.id !== id))
  }
  return current
}

function first(entries: readonly MountEntry[]): MountEntry | undefined {
  let shortest: MountEntry | undefined
  for (const entry of entries) {
    if (shortest === undefined || entry.mountPoint.length < shortest.mountPoint.length) shortest = entry
  }
  return shortest
}
