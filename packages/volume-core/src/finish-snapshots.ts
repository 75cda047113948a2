import { absentFacet } from './absent-facet.js'
import { Backend } from './backend.js'
import { begun } from './carry-out.js'
import type { EngineParts, Work } from './engine-parts.js'
import { driverSnapshot, type SnapshotRecord, withSnapshot } from './snapshot-record.js'
import type { VolumeEntry } from './volume-entry.js'

/** Removes the snapshots that were not finished, or whose removal was not. */
export async function finishSnapshots(parts: EngineParts, entry: VolumeEntry, work: Work): Promise<void> {
  for (const snapshot of entry.record.snapshots ?? []) {
    if (snapshot.phase !== 'ready') await dropSnapshot(parts, entry, snapshot, work)
  }
}

/** Has the driver remove a snapshot whose intent is durable, and forgets it. */
export async function dropSnapshot(
  parts: EngineParts,
  entry: VolumeEntry,
  snapshot: SnapshotRecord,
  work: Work,
): Promise<void> {
  await parts.volumes.confirm(entry)
  const backend = new Backend(parts, entry.record, 'snapshot')
  const { snapshots } = backend.driver
  await backend.call('removeSnapshot', begun(work), async (call) => {
    if (snapshots === undefined) throw absentFacet('snapshots')
    await snapshots.remove(backend.volume, driverSnapshot(snapshot), call)
  })
  await parts.volumes.update(entry, withSnapshot(entry.record, snapshot.name, undefined))
}
