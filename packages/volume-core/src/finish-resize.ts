import { absentFacet } from './absent-facet.js'
import { Backend } from './backend.js'
import { carryOut, withoutPending } from './carry-out.js'
import type { EngineParts, Work } from './engine-parts.js'
import { keptBy } from './kept.js'
import type { PendingResize } from './pending-operation.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'

/** Brings a volume to the size that its record says is wanted. `change` is what else becomes durable with that. */
export async function finishResize(
  parts: EngineParts,
  entry: VolumeEntry,
  { sizeBytes }: PendingResize,
  work: Work,
  isAgain: boolean,
  change: (record: VolumeRecord) => VolumeRecord = (record) => record,
): Promise<void> {
  const backend = new Backend(parts, entry.record, 'update')
  const { resizing } = backend.driver
  const made = await carryOut(
    parts,
    entry,
    backend,
    {
      verb: 'update',
      isAgain,
      call: async (call) => {
        if (resizing === undefined) throw absentFacet('resizing')
        return await resizing.resize(backend.volume, sizeBytes, call)
      },
      giveUp: () => parts.volumes.update(entry, withoutPending(entry.record)),
    },
    work,
  )
  await parts.volumes.update(entry, change(withoutPending(keptBy({ ...entry.record, sizeBytes }, made))))
  entry.problem = undefined
}
