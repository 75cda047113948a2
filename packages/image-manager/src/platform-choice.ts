import { PouchError } from '@pouch/errors'
import type { ImageIndex, IndexEntry } from './manifest.js'
import { formatPlatform, type Platform, platformDistance } from './platform.js'

/**
 * The entries of an index that run on a platform, the best one first. Entries without a platform come last: they are
 * images of builders that did not say, while those of `unknown/unknown` are notes about other entries.
 */
export function fittingEntries(index: ImageIndex, platform: Platform): IndexEntry[] {
  const distance = (entry: IndexEntry) =>
    entry.platform === undefined ? Number.MAX_SAFE_INTEGER : platformDistance(platform, entry.platform)
  return index.manifests
    .map((entry) => ({ entry, far: distance(entry) }))
    .filter((each): each is { entry: IndexEntry; far: number } => each.far !== undefined && !isNote(each.entry))
    .sort((a, b) => a.far - b.far)
    .map(({ entry }) => entry)
}

/** The entry of an index for a platform. @throws PouchError `not-found` naming the platforms that it has */
export function chooseEntry(index: ImageIndex, platform: Platform, what: string): IndexEntry {
  const [best] = fittingEntries(index, platform)
  if (best !== undefined) return best
  const offered = index.manifests.flatMap((each) =>
    each.platform === undefined || isNote(each) ? [] : [formatPlatform(each.platform)],
  )
  const wanted = formatPlatform(platform)
  throw new PouchError(
    'not-found',
    `no matching manifest for ${wanted} in the manifest list entries of ${what}: it has ${offered.join(', ') || 'none'}`,
    {
      op: 'image.choosePlatform',
      subject: what,
      details: { wanted, offered },
    },
  )
}

function isNote(entry: IndexEntry): boolean {
  return entry.platform?.os === 'unknown' || entry.annotations?.['vnd.docker.reference.type'] !== undefined
}
