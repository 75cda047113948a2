import { absentFacet } from './absent-facet.js'
import { Backend } from './backend.js'
import { carryOut, withoutPending } from './carry-out.js'
import type { DriverCall } from './driver.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { PendingRestore } from './pending-operation.js'
import { driverSnapshot } from './snapshot-record.js'
import type { VolumeEntry } from './volume-entry.js'

/** Makes a volume what its record says it is to become again. */
export async function finishRestore(
  parts: EngineParts,
  entry: VolumeEntry,
  pending: PendingRestore,
  work: Work,
  isAgain: boolean,
): Promise<void> {
  const settled = () => parts.volumes.update(entry, withoutPending(entry.record))
  const snapshot = entry.record.snapshots?.find(({ name }) => name === pending.snapshot)
  if (snapshot !== undefined) {
    const backend = new Backend(parts, entry.record, 'restore')
    const { snapshots } = backend.driver
    const call = async (driverCall: DriverCall) => {
      if (snapshots === undefined) throw absentFacet('snapshots')
      await snapshots.restore(backend.volume, driverSnapshot(snapshot), driverCall)
    }
    await carryOut(parts, entry, backend, { verb: 'restore', isAgain, call, giveUp: settled }, work)
  }
  await settled()
  entry.problem = undefined
}
