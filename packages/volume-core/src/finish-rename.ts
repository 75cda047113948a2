import { hasCode } from '@pouch/errors'
import { absentFacet } from './absent-facet.js'
import { Backend } from './backend.js'
import { begun, carryOut, withoutPending } from './carry-out.js'
import type { DriverCall } from './driver.js'
import type { EngineParts, Work } from './engine-parts.js'
import { keptBy } from './kept.js'
import type { PendingArrival, PendingRename } from './pending-operation.js'
import { occupied } from './staging.js'
import type { VolumeEntry } from './volume-entry.js'

/**
 * Has the driver give a volume the name that its record has. A driver that refuses gets the record its old name back, in `entry`'s stead;
 * one that has just moved has no old name, and is tried again; one that is new, which nobody has seen, is taken away.
 */
export async function finishRename(
  parts: EngineParts,
  entry: VolumeEntry,
  pending: PendingRename | PendingArrival,
  work: Work,
  isAgain: boolean,
): Promise<void> {
  const { volumes } = parts
  const { kind, from } = pending
  if (kind === 'rename' && volumes.find(from) !== undefined) {
    // The store kept the old record after all: it was written when this one was thought not to be.
    await volumes.delete(entry)
    return
  }
  const { name } = entry.record
  const filling = kind === 'arrive' ? pending.filling : undefined
  const verb = filling === undefined ? 'rename' : filling === 'import' ? 'import' : 'create'
  const at = kind === 'rename' ? { name: from } : { staged: from }
  const backend = new Backend(parts, { ...entry.record, ...at }, verb)
  const { renaming } = backend.driver
  const giveUp = async () => {
    if (kind === 'rename') await volumes.rename(entry, { ...withoutPending(entry.record), name: from })
    if (filling === undefined) return
    await backend.call(verb, begun(work), (driverCall) => backend.driver.remove(backend.volume, driverCall))
    await volumes.delete(entry)
  }
  const call = async (driverCall: DriverCall) => {
    if (renaming === undefined) throw absentFacet('renaming')
    return await renaming.rename(backend.volume, name, driverCall)
  }
  const made = await carryOut(parts, entry, backend, { verb, isAgain, call, giveUp }, work).catch((error: unknown) => {
    throw filling !== undefined && hasCode(error, 'already-exists')
      ? occupied(name, backend.driver.name, verb, error)
      : error
  })
  await volumes.update(entry, withoutPending(keptBy(entry.record, made)))
  entry.problem = undefined
}
