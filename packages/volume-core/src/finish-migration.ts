import { type ErrorCode, hasCode } from '@pouch/errors'
import { absentFacet } from './absent-facet.js'
import { Backend } from './backend.js'
import { begun, withoutPending } from './carry-out.js'
import { deepFreeze } from './driver-volume.js'
import type { EngineParts, Work } from './engine-parts.js'
import { finishRename } from './finish-rename.js'
import { keptBy } from './kept.js'
import type { PendingCopy, PendingLeave, PlacedVolume } from './pending-operation.js'
import type { VolumeEntry } from './volume-entry.js'

/** Before the switch: removes what was made at the target. The source is what it was. */
export async function undoCopy(
  parts: EngineParts,
  entry: VolumeEntry,
  { target, to }: PendingCopy,
  work: Work,
): Promise<void> {
  const placed = to === undefined ? target : await renamedTarget(parts, entry, target, to, work)
  await removePlaced(parts, entry, placed, work)
  await parts.volumes.update(entry, withoutPending(entry.record))
  entry.problem = undefined
}

/** A driver that says so has not renamed anything, now or before: the target has the name of its own still, or is gone. */
const refusals: readonly ErrorCode[] = ['already-exists', 'not-found', 'unsupported']

/** Finds out whether the target has its name: what the driver has under that is somebody's, unless the rename succeeds again. */
async function renamedTarget(
  parts: EngineParts,
  entry: VolumeEntry,
  target: PlacedVolume,
  to: string,
  work: Work,
): Promise<PlacedVolume> {
  if (parts.late.mayHave(target.driver)) await parts.late.summon(target.driver)
  const backend = new Backend(parts, { ...target, labels: entry.record.labels }, 'migrate')
  const { renaming } = backend.driver
  try {
    const made = await backend.call('migrate', begun(work), async (call) => {
      if (renaming === undefined) throw absentFacet('renaming')
      return await renaming.rename(backend.volume, to, call)
    })
    return keptBy({ ...target, name: to }, made)
  } catch (error) {
    if (refusals.some((code) => hasCode(error, code))) return target
    throw error
  }
}

/** After the switch: removes the source, and has the driver give the volume its name where it has another. */
export async function finishMigration(
  parts: EngineParts,
  entry: VolumeEntry,
  { source, from }: PendingLeave,
  work: Work,
): Promise<void> {
  await removePlaced(parts, entry, source, work)
  if (from === undefined) {
    await parts.volumes.update(entry, withoutPending(entry.record))
    entry.problem = undefined
    return
  }
  // Durable before the rename: once the volume has the source's name, the source may not be removed again.
  const arrival = { kind: 'arrive', from } as const
  await parts.volumes.update(entry, { ...entry.record, pending: arrival })
  await finishRename(parts, entry, arrival, work, false)
}

async function removePlaced(parts: EngineParts, entry: VolumeEntry, placed: PlacedVolume, work: Work): Promise<void> {
  if (parts.late.mayHave(placed.driver)) await parts.late.summon(placed.driver)
  const backend = new Backend(parts, { ...placed, labels: entry.record.labels }, 'migrate')
  const { driver, volume } = backend
  const { mount } = placed
  if (mount !== undefined) await unmountPlaced(backend, mount, work)
  await backend.call('migrate', begun(work), (call) => driver.remove(volume, call))
}

/** Undoes the mount of a volume that has no record of its own. */
export async function unmountPlaced(
  backend: Backend,
  mount: NonNullable<PlacedVolume['mount']>,
  work: Work,
): Promise<void> {
  const info = migrationReference(mount.id)
  const state = deepFreeze(mount.state)
  await backend.call('migrate', begun(work), async (call) => {
    await backend.driver.mounts?.unmount(backend.volume, info, state, call)
  })
}

/** For whom a migration mounts. */
export function migrationReference(id: string) {
  return Object.freeze({ id, holder: 'pouch:migrate', readOnly: false })
}
