import { hasCode, PouchError } from '@pouch/errors'
import { DriverStillRunning } from './driver-call.js'
import type { EngineParts, Work } from './engine-parts.js'
import { finishPending } from './finish-pending.js'
import { finishSnapshots } from './finish-snapshots.js'
import { type Intents, isWholeAfter } from './intents.js'
import type { Recovery } from './recovery.js'
import { wholeSnapshots } from './snapshot-record.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'

/** Removes volumes. The caller holds the lock of the name. */
export class Removal {
  readonly #parts: EngineParts
  readonly #intents: Intents
  readonly #recovery: Recovery

  constructor(parts: EngineParts, intents: Intents, recovery: Recovery) {
    this.#parts = parts
    this.#intents = intents
    this.#recovery = recovery
  }

  /** @throws PouchError `in-use` with the holders, or with the snapshots */
  async check(entry: VolumeEntry, work: Work): Promise<void> {
    const { record } = entry
    // What an export of an earlier run left is not somebody's.
    if (record.references.length > 0) await this.#recovery.settle(entry, work)
    if (entry.record.references.length > 0) throw inUse(entry.record)
    if (wholeSnapshots(entry.record.snapshots).length > 0) throw hasSnapshots(entry.record)
  }

  /** The intent is durable, then the driver works. A driver that refuses leaves the volume as it was. */
  async remove(entry: VolumeEntry, work: Work): Promise<void> {
    const { volumes, drivers } = this.#parts
    drivers.get(entry.record.driver, 'remove', entry.name)
    if (entry.record.pending !== undefined || entry.record.snapshots !== undefined) {
      await this.#tidy(entry, work)
      if (entry.isGone) return
    }
    if (entry.record.phase === 'creating' && (await this.#isSomebodys(entry, work))) {
      return await volumes.delete(entry)
    }
    const whole = entry.record.phase === 'ready' ? entry.record : undefined
    if (entry.record.phase !== 'removing') await volumes.update(entry, { ...entry.record, phase: 'removing' })
    try {
      await this.#intents.remove(entry, work)
    } catch (error) {
      if (whole !== undefined && isWholeAfter(error)) await volumes.update(entry, whole)
      else this.#removeLater(entry, work, error)
      throw error
    }
  }

  /** What has another name, or a half somewhere else, would be left behind. That it has not its size yet is of no account any more. */
  async #tidy(entry: VolumeEntry, work: Work): Promise<void> {
    const { kind } = entry.record.pending ?? {}
    if (kind !== 'resize' && kind !== 'restore') await this.#finishPending(entry, work)
    if (!entry.isGone) await finishSnapshots(this.#parts, entry, work)
  }

  /** Whether what is there was there before the volume was to be made, which a crash or a failure left unfinished. */
  async #isSomebodys(entry: VolumeEntry, work: Work): Promise<boolean> {
    if (entry.record.filling !== undefined) return false
    try {
      await this.#intents.create(entry, work)
      return false
    } catch (error) {
      if (error instanceof DriverStillRunning) throw error
      return hasCode(error, 'already-exists')
    }
  }

  async #finishPending(entry: VolumeEntry, work: Work): Promise<void> {
    try {
      await finishPending(this.#parts, entry, work)
    } catch (error) {
      // A new volume that cannot have its name is taken away, which is what was asked for.
      if (!entry.isGone) throw error
    }
  }

  /**
   * Forgets a volume that its driver failed to remove, once the driver has come to rest.
   *
   * @returns the failure, with what has become of the volume
   */
  async forget(entry: VolumeEntry, failure: unknown): Promise<PouchError> {
    this.#parts.log.warn({ volume: entry.name, err: failure }, 'a volume is forgotten that its driver failed to remove')
    if (!entry.isGone) await this.#parts.volumes.delete(entry)
    const { driver } = entry.record
    return forgotten(failure, driver, this.#parts.drivers.find(driver)?.driver.inventory !== undefined)
  }

  /** What is half deleted stays so until the next try; after a driver that overran its deadline, that is when it has come to rest. */
  #removeLater(entry: VolumeEntry, work: Work, failure: unknown): void {
    entry.problem = PouchError.from(failure)
    if (!(failure instanceof DriverStillRunning)) return
    const { lease, timeoutMs } = work
    const again = async () => {
      if (entry.isGone) return
      try {
        await this.#intents.remove(entry, { lease, timeoutMs })
      } catch (error) {
        entry.problem = PouchError.from(error)
      }
    }
    lease.hold(failure.rest.then(again))
  }
}

/** The code stays the driver's: what the caller asked of it has failed. */
function forgotten(failure: unknown, driver: string, isListed: boolean): PouchError {
  const { code, message, op, subject, details } = PouchError.from(failure)
  const how = isListed
    ? 'while the driver has it, volumes are listed with it, and it can be removed again'
    : 'look for it where the driver keeps its volumes'
  const text = `${message}; the volume is forgotten here, and its data may still be at driver '${driver}': ${how}`
  return new PouchError(code, text, { op, subject, details: { ...details, isForgotten: true }, cause: failure })
}

/** The error of an operation that holders are in the way of. @param wayOut what to do about them */
export function inUse(record: VolumeRecord, verb = 'remove', wayOut?: string): PouchError {
  const holders = [...new Set(record.references.map(({ holder }) => holder))]
  const text = `${verb} ${record.name}: volume is in use - [${holders.join(', ')}]${wayOut === undefined ? '' : `: ${wayOut}`}`
  return new PouchError('in-use', text, { op: `volume.${verb}`, subject: record.name, details: { holders } })
}

/** The error of an operation that snapshots are in the way of. */
export function hasSnapshots({ name, snapshots }: VolumeRecord, verb = 'remove'): PouchError {
  const names = wholeSnapshots(snapshots).map((snapshot) => snapshot.name)
  const text = `${verb} ${name}: the volume has snapshots - [${names.join(', ')}]: remove them first`
  return new PouchError('in-use', text, { op: `volume.${verb}`, subject: name, details: { snapshots: names } })
}
