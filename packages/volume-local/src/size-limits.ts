import { PouchError } from '@pouch/errors'
import { formatBytes } from '@pouch/units'
import type { DriverVolume } from '@pouch/volume-core/driver'

/** @throws PouchError `exhausted` when a volume holds more than it is to hold */
export function requireRoom(volume: DriverVolume, usedBytes: number, sizeBytes: number): void {
  if (usedBytes <= sizeBytes) return
  const message = `it holds ${formatBytes(usedBytes)}, and ${formatBytes(sizeBytes)} are wanted: delete something first, or take a greater size`
  throw new PouchError('exhausted', message, { op: 'local', subject: volume.name, details: { usedBytes, sizeBytes } })
}
