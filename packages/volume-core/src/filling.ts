import { PouchError } from '@pouch/errors'
import type { CreatedVolume } from './driver.js'
import { DriverStillRunning } from './driver-call.js'
import type { EngineParts, Work } from './engine-parts.js'
import { finishRename } from './finish-rename.js'
import type { Intents } from './intents.js'
import { keptBy } from './kept.js'
import type { Mounts } from './mounts.js'
import type { PendingArrival } from './pending-operation.js'
import { failureAtRest } from './staging.js'
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
   * Fills a volume whose intent is stored, has its driver give it its name, and makes it durable as one that is ready. What fails is undone;
   * where a driver has failed to tell whether the volume, which is whole, has its name, that is found out by whoever is next.
   *
   * @param fill returns when the content is durable
   * @throws PouchError `already-exists` when the driver has something under the volume's name by then
   */
  async fill(entry: VolumeEntry, work: Work, fill: () => Promise<CreatedVolume | undefined>): Promise<void> {
    let arrival: PendingArrival | undefined
    try {
      const made = await fill()
      const filled = keptBy(entry.record, made)
      arrival = arrivalOf(filled)
      await this.#parts.volumes.update(entry, ready(filled, arrival))
    } catch (error) {
      await this.#undo(entry, work, error)
      throw error
    }
    if (arrival === undefined) entry.problem = undefined
    else await this.#arrive(entry, arrival, work)
  }

  async #arrive(entry: VolumeEntry, arrival: PendingArrival, work: Work): Promise<void> {
    try {
      await finishRename(this.#parts, entry, arrival, work, false)
    } catch (error) {
      if (!entry.isGone) entry.problem = PouchError.from(error)
      throw error
    }
  }

  async #undo(entry: VolumeEntry, work: Work, failure: unknown): Promise<void> {
    const { lease } = work
    const undo = async (cause: unknown) => {
      try {
        await this.#mounts.dropAll(entry, { lease, timeoutMs: this.#parts.timeoutMs })
      } catch (error) {
        entry.problem = PouchError.from(error)
        this.#parts.log.warn({ volume: entry.name, err: error }, 'a volume that could not be filled is mounted still')
        return
      }
      await this.#intents.undoCreate(entry, work, cause)
    }
    if (failure instanceof DriverStillRunning) lease.hold(failureAtRest(failure).then(undo))
    else await undo(failure)
  }
}

function arrivalOf({ staged, filling }: VolumeRecord): PendingArrival | undefined {
  return staged === undefined || filling === undefined ? undefined : { kind: 'arrive', from: staged, filling }
}

function ready({ filling: _, staged: __, ...record }: VolumeRecord, pending: PendingArrival | undefined): VolumeRecord {
  return { ...record, phase: 'ready', ...(pending === undefined ? {} : { pending }) }
}
