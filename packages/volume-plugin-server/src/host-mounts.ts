import { readdir, readlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { PouchError } from '@pouch/errors'
import { canonicalPath, findMount, isWithin, type MountEntry, readMountinfo } from '@pouch/mount'

/** A directory as the kernel knows it, whatever it is called in a container. */
interface Place {
  readonly path: string
  readonly device: string
  readonly directory: string
}

/**
 * Whether any process of this host has a directory mounted somewhere else than where it is, as a container has its volumes.
 *
 * @param pids the processes to look at; all unless told
 * @returns `true` also where that cannot be told: outside Linux, or without the right to look at a process
 */
export async function isMountedElsewhere(path: string, pids?: readonly number[]): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const place = await placeOf(path)
  if (place === undefined) return true
  const ownRoot = rootDevice(await readMountinfo())
  const seen = new Set<string>()
  for (const pid of pids ?? (await processes())) {
    const entries = await mountsOf(pid, seen)
    if (entries === 'unknown') return true
    // In a namespace with this host's root, the directory's own mount is met at its own path too.
    const isOurs = rootDevice(entries) === ownRoot
    if (entries.some((entry) => shows(entry, place) && !(isOurs && entry.mountPoint === place.path))) return true
  }
  return false
}

async function processes(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
}

async function placeOf(path: string): Promise<Place | undefined> {
  const canonical = await canonicalPath(path)
  const mount = await findMount(canonical)
  if (mount === undefined) return undefined
  return {
    path: canonical,
    device: mount.device,
    directory: join(mount.root, relative(mount.mountPoint, canonical)),
  }
}

/** The mounts that a process sees; none when it has ended, or when its namespace was seen already. */
async function mountsOf(pid: number, seen: Set<string>): Promise<readonly MountEntry[] | 'unknown'> {
  try {
    const namespace = await readlink(`/proc/${pid}/ns/mnt`)
    if (seen.has(namespace)) return []
    const entries = await readMountinfo({ pid })
    seen.add(namespace)
    return entries
  } catch (error) {
    return hasEnded(error) ? [] : 'unknown'
  }
}

// A process that has ended is ENOENT or ESRCH; one that nobody has waited for has no namespace any more, which is EINVAL.
function hasEnded(error: unknown): boolean {
  const { code } = PouchError.from(error)
  return code === 'not-found' || code === 'invalid-argument'
}

const shows = ({ device, root }: MountEntry, place: Place) => device === place.device && isWithin(place.directory, root)

const rootDevice = (entries: readonly MountEntry[]) => entries.find(({ mountPoint }) => mountPoint === '/')?.device
