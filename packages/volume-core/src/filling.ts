import { PouchError } from '@pouch/errors'
import type { CreatedVolume } from './driver.js'
import { DriverStillRunning } from './driver-call.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { Intents } from './intents.js'
import { keptBy } from './kept.js'
import type { Mounts } from './mounts.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'

/** New volumes that are there whole, with what is in them, or not at all. */
export class Filling {
  readonly #parts: EngineParts
  readonly #intents: Intents
  readonly #mounts: Mounts

  constructor(parts: EngineParts, intents: Intents, mounts: Mounts) {
    this.#parts = parts
    this.#intents = intents
    this.#mounts = mounts
  }

  /**
   * Fills a volume whose intent is stored, and makes it durable as one that is ready. What fails is undone.
   *
   * @param fill returns when the content is durable
   */
  async fill(entry: VolumeEntry, work: Work, fill: () => Promise<CreatedVolume | undefined>): Promise<void> {
    try {
      const made = await fill()
      await this.#parts.volumes.update(entry, ready(keptBy(entry.record, made)))
      entry.problem = undefined
    } catch (error) {
      await this.#undo(entry, work, error)
      throw error
    }
  }

  async #undo(entry: VolumeEntry, work: Work, failure: unknown): Promise<void> {
    const { lease } = work
    const undo = async () => {
      try {
        await this.#mounts.dropAll(entry, { lease, timeoutMs: this.#parts.timeoutMs })
      } catch (error) {
        entry.problem = PouchError.from(error)
        this.#parts.log.warn({ volume: entry.name, err: error }, 'a volume that could not be filled is mounted still')
        return
      }
      await this.#intents.undoCreate(entry, work, failure instanceof DriverStillRunning ? undefined : failure)
    }
    if (failure instanceof DriverStillRunning) lease.hold(failure.rest.then(undo))
    else await undo()
  }
}

function ready({ filling: _, ...record }: VolumeRecord): VolumeRecord {
  return { ...record, phase: 'ready' }
}
