import type { VolumeRecord } from './volume-record.js'

/** Whether somebody may be writing into a volume now, on this host or another. */
export function isWritten({ references }: VolumeRecord): boolean {
  return references.some(({ state, readOnly }) => state !== 'reserved' && !readOnly)
}
