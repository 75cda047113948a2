import { Backend } from './backend.js'
import type { Core } from './core.js'
import { beingRenamed, nameTaken } from './creation.js'
import type { EngineParts, Work } from './engine-parts.js'
import { finishRename } from './finish-rename.js'
import type { Inventory } from './inventory.js'
import { checkVolumeName } from './names.js'
import { anonymousLabel, copyOf } from './new-volume.js'
import { inUse } from './removal.js'
import { unfinished } from './updates.js'
import type { Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'

/** Gives volumes other names. */
export class Renaming {
  readonly #parts: EngineParts
  readonly #core: Core
  readonly #inventory: Inventory

  constructor(parts: EngineParts, core: Core, inventory: Inventory) {
    this.#parts = parts
    this.#core = core
    this.#inventory = inventory
  }

  async rename(name: string, newName: string, call: VolumeCall): Promise<Volume> {
    checkVolumeName(newName, 'rename')
    return await this.#core.lockedBoth([name, newName], 'rename', call, async (work) => {
      const entry = await this.#core.usable(name, work)
      if (name === newName) return await this.#core.lastSeen(entry, work)
      await this.#check(entry, newName, work)
      const { events, volumes } = this.#parts
      const pending = { kind: 'rename', from: name } as const
      const renamed = await volumes.rename(entry, { ...named(entry.record), name: newName, pending })
      await finishRename(this.#parts, renamed, pending, work, false)
      const volume = await this.#core.lastSeen(renamed, work)
      events.emit('volume.renamed', volume, name)
      return volume
    })
  }

  async #check(entry: VolumeEntry, newName: string, work: Work): Promise<void> {
    const { record } = entry
    if (record.references.length > 0) throw inUse(record, 'rename', 'remove what uses it first')
    if (record.pending !== undefined) throw unfinished(entry, 'rename')
    await new Backend(this.#parts, record, 'rename').require('renaming', 'rename', work)
    const taken = await this.#core.settled(newName, work)
    if (taken !== undefined) throw nameTaken(newName, taken.record.driver, 'rename')
    const former = this.#parts.volumes.formerlyCalled(newName)
    if (former !== undefined) throw beingRenamed(newName, former.name, 'rename')
    const found = await this.#inventory.find(newName, work)
    if (found !== undefined) throw nameTaken(newName, found.driver, 'rename')
  }
}

/** Who gives a volume a name wants to keep it: an anonymous one is so no more. */
function named(record: VolumeRecord): VolumeRecord {
  if (!record.anonymous) return record
  const { [anonymousLabel]: _, ...labels } = record.labels
  return { ...record, anonymous: false, labels: copyOf(labels) }
}
