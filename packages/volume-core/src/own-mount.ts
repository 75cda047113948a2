import { randomBytes } from 'node:crypto'
import { begun } from './carry-out.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { Mounts } from './mounts.js'
import { treeRoot } from './tree-root.js'
import type { VolumeEntry } from './volume-entry.js'

/** A volume that the engine itself has mounted. */
export interface OwnMount {
  readonly id: string
  readonly path: string
}

/**
 * Mounts a volume for the engine itself, with a reference like anybody's: nobody removes the volume meanwhile. `Mounts.dropOwn` lets go of
 * it; should the engine die before, the next start does.
 */
export async function mountOwn(
  parts: EngineParts,
  mounts: Mounts,
  entry: VolumeEntry,
  purpose: { readonly verb: string; readonly readOnly: boolean },
  work: Work,
): Promise<OwnMount> {
  const { verb, readOnly } = purpose
  const id = randomBytes(16).toString('hex')
  const reference = { id, holder: `pouch:${verb}`, host: parts.hostName, readOnly, transient: parts.runId }
  const { path } = await mounts.mount(entry, { ...reference, state: 'reserved' }, true, work)
  try {
    return { id, path: await treeRoot(path ?? '', verb, entry.name) }
  } catch (error) {
    await mounts.dropOwn(entry, id, begun(work))
    throw error
  }
}
