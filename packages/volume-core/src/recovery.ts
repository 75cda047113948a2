import { hasCode, PouchError } from '@pouch/errors'
import type { EngineParts, Work } from './engine-parts.js'
import { finishPending } from './finish-pending.js'
import { finishSnapshots } from './finish-snapshots.js'
import type { Intents } from './intents.js'
import type { Mounts } from './mounts.js'
import { mountsOf } from './mounts-of.js'
import { isAway } from './pending-operation.js'
import { hasUnfinished } from './snapshot-record.js'
import type { VolumeEntry } from './volume-entry.js'

/** How many volumes are recovered at a time. */
const atATime = 16
/** A driver that hangs may not hold the start of the engine for long; its volumes are recovered when they are used. */
const bootTimeoutMs = 10_000

/**
 * Brings volumes to rest that something unfinished is known of: at boot, and before the next operation on one that boot could not
 * bring to rest. Nothing is ever thrown away because a try failed: a `creating` record may have been acknowledged.
 */
export class Recovery {
  readonly #parts: EngineParts
  readonly #intents: Intents
  readonly #mounts: Mounts

  constructor(parts: EngineParts, intents: Intents, mounts: Mounts) {
    this.#parts = parts
    this.#intents = intents
    this.#mounts = mounts
  }

  /**
   * Goes through all volumes that a crash or a restart of the host may concern. Never rejects for the sake of one.
   *
   * @param driver those of a driver that was looked for after the start; without one, those whose driver need not be looked for
   */
  async boot(driver?: string): Promise<void> {
    const { late, volumes } = this.#parts
    const isMeant = (name: string) => (driver === undefined ? !late.mayHave(name) : driver === name)
    const queue = volumes
      .ordered()
      .filter((entry) => this.#concernsBoot(entry) && isMeant(entry.record.driver))
      .values()
    const timedOut = new Map<string, PouchError>()
    const worker = async () => {
      for (const entry of queue) await this.#recoverAtBoot(entry, timedOut)
    }
    await Promise.all(Array.from({ length: atATime }, worker))
  }

  /** Does what boot does, for a volume whose driver has appeared just now, by the holder of its lock. Never rejects. */
  async catchUp(entry: VolumeEntry, work: Work): Promise<void> {
    if (!this.#concernsBoot(entry)) return
    try {
      await this.#recover(entry, work)
    } catch (error) {
      this.#keep(entry, error)
    }
  }

  /**
   * Finishes what is unfinished about a volume, by the holder of its lock.
   *
   * @throws PouchError when the volume itself is unfinished still; a reference that is, is only logged
   */
  async settle(entry: VolumeEntry, work: Work): Promise<void> {
    if (entry.record.phase !== 'ready') {
      await this.#settlePhase(entry, work)
      return
    }
    if (isBegun(entry)) await this.#settleBegun(entry, work)
    if (entry.isGone || !this.#mounts.isUnfinished(entry)) return
    try {
      await this.#mounts.finish(entry, work)
      entry.problem = undefined
    } catch (error) {
      this.#keep(entry, error)
    }
  }

  /**
   * Finishes an operation that was begun. One that still cannot be finished keeps the volume from being used only where its data may not be
   * what, or where, the record says.
   *
   * @throws PouchError in that case
   */
  async #settleBegun(entry: VolumeEntry, work: Work): Promise<void> {
    try {
      await this.#finishBegun(entry, work)
    } catch (error) {
      this.#keep(entry, error)
      const { pending } = entry.record
      if (!entry.isGone && pending !== undefined && isAway(pending)) throw error
      if (pending === undefined && !hasUnfinished(entry.record.snapshots)) entry.problem = undefined
    }
  }

  async #finishBegun(entry: VolumeEntry, work: Work): Promise<void> {
    await finishPending(this.#parts, entry, work)
    if (!entry.isGone) await finishSnapshots(this.#parts, entry, work)
    entry.problem = undefined
  }

  async #settlePhase(entry: VolumeEntry, work: Work): Promise<void> {
    try {
      if (entry.record.filling !== undefined) await this.#discard(entry, work)
      else if (entry.record.phase === 'creating') await this.#intents.create(entry, work)
      else await this.#intents.remove(entry, work)
    } catch (error) {
      entry.problem = PouchError.from(error)
      throw error
    }
  }

  /** A volume that was to be filled is not there before it is whole. */
  async #discard(entry: VolumeEntry, work: Work): Promise<void> {
    await this.#parts.volumes.confirm(entry)
    await this.#mounts.dropAll(entry, work)
    await this.#intents.remove(entry, work)
  }

  async #recoverAtBoot(entry: VolumeEntry, timedOut: Map<string, PouchError>): Promise<void> {
    const { driver } = entry.record
    const slow = timedOut.get(driver)
    if (slow !== undefined) {
      entry.problem = slow
      return
    }
    const timeoutMs = Math.min(bootTimeoutMs, this.#parts.timeoutMs)
    try {
      await this.#parts.locks.run(entry.name, { op: 'volume.recover', timeoutMs }, async (lease) => {
        await this.#recover(entry, { lease, timeoutMs })
      })
    } catch (error) {
      this.#keep(entry, error)
      if (hasCode(error, 'timeout')) timedOut.set(driver, error)
    }
  }

  async #recover(entry: VolumeEntry, work: Work): Promise<void> {
    if (entry.record.phase !== 'ready') {
      await this.#settlePhase(entry, work)
      return
    }
    await this.#mounts.verify(entry, work)
    await this.#mounts.finish(entry, work)
    entry.problem = undefined
    if (isBegun(entry)) await this.#settleBegun(entry, work)
  }

  #concernsBoot(entry: VolumeEntry): boolean {
    if (entry.record.phase !== 'ready') return true
    if (isBegun(entry)) return true
    const { references } = entry.record
    if (references.length === 0) return false
    if (references.some(({ transient }) => transient !== undefined)) return true
    return references.some(({ state }) => state !== 'reserved') && mountsOf(this.#parts.drivers, entry) !== undefined
  }

  #keep(entry: VolumeEntry, error: unknown): void {
    entry.problem = PouchError.from(error)
    this.#parts.log.warn({ volume: entry.name, err: error }, 'a volume could not be brought to rest yet')
  }
}

const isBegun = ({ record }: VolumeEntry) => record.pending !== undefined || hasUnfinished(record.snapshots)
