import type { MountFacet } from './driver.js'
import type { DriverTable } from './driver-table.js'
import { driverVolume } from './driver-volume.js'
import type { VolumeEntry } from './volume-entry.js'

/** How a volume is mounted; `undefined` for one that is always there, and while its driver is not available. */
export function mountsOf(drivers: DriverTable, entry: VolumeEntry): MountFacet | undefined {
  const open = drivers.find(entry.record.driver)
  const mounts = open?.driver.mounts
  if (open === undefined || mounts?.concerns === undefined) return mounts
  entry.isMounting ??= concerns(mounts, () => driverVolume(open.definition, entry.record))
  return entry.isMounting ? mounts : undefined
}

/** A driver that cannot tell is taken to mount: the call that follows says what is wrong, and a list of volumes does not fail for one. */
function concerns(mounts: MountFacet, volume: () => ReturnType<typeof driverVolume>): boolean {
  try {
    return mounts.concerns?.(volume()) !== false
  } catch {
    return true
  }
}
