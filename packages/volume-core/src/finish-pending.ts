import type { EngineParts, Work } from './engine-parts.js'
import { finishMigration, undoCopy } from './finish-migration.js'
import { finishRename } from './finish-rename.js'
import { finishResize } from './finish-resize.js'
import { finishRestore } from './finish-restore.js'
import type { VolumeEntry } from './volume-entry.js'

/** Finishes what an earlier try has begun about a volume, by the holder of its lock. May leave the entry gone. */
export async function finishPending(parts: EngineParts, entry: VolumeEntry, work: Work): Promise<void> {
  await parts.volumes.confirm(entry)
  const { pending } = entry.record
  switch (pending?.kind) {
    case 'resize':
      return await finishResize(parts, entry, pending, work, true)
    case 'restore':
      return await finishRestore(parts, entry, pending, work, true)
    case 'rename':
    case 'arrive':
      return await finishRename(parts, entry, pending, work, true)
    case 'copy':
      return await undoCopy(parts, entry, pending, work)
    case 'leave':
      return await finishMigration(parts, entry, pending, work)
    case undefined:
      return
  }
}
