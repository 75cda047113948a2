import { isAbsolute } from 'node:path'
import { hasCode, PouchError } from '@pouch/errors'
import type { CreatedVolume } from './driver.js'
import { callDriver, type DriverCallScope, DriverStillRunning } from './driver-call.js'
import { scopeOf } from './driver-scope.js'
import { driverVolume } from './driver-volume.js'
import type { EngineParts, Work } from './engine-parts.js'
import { keptBy } from './kept.js'
import { failureAtRest, hasMadeNothing } from './staging.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'

/**
 * Does what a durable record says is to be done: `creating` and `removing` are redo records. The first try and every later one,
 * at boot or before the next operation on the volume, run the same code.
 */
export class Intents {
  readonly #parts: EngineParts

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /** Makes the volume of a record in `creating`. The ready mark rides to the disk with a later write: boot can make it again. */
  async create(entry: VolumeEntry, work: Work): Promise<void> {
    const { record } = entry
    const { definition, driver } = this.#parts.drivers.get(record.driver, 'create', record.name)
    const volume = driverVolume(definition, record)
    const { ready, path } = await callDriver(this.#scope('create', entry, work), async (call) => {
      const made = await driver.create(volume, call)
      return { ready: readyRecord(record, made), path: made?.path, isFound: made?.isFound }
    })
    if (path !== undefined && isAbsolute(path)) entry.mountpoint = path
    await this.#parts.volumes.mark(entry, ready)
    entry.problem = undefined
  }

  /** Deletes the volume of a record in `removing`, and the record. */
  async remove(entry: VolumeEntry, work: Work): Promise<void> {
    await this.#removeData(entry, work)
    await this.#parts.volumes.forget(entry)
  }

  /**
   * Takes back a create that failed, once the driver has come to rest. The record goes durably: boot would redo it. What cannot be
   * taken back now stays as an intent to remove.
   */
  async undoCreate(entry: VolumeEntry, work: Work, failure: unknown): Promise<void> {
    const undo = async (cause: unknown) => {
      try {
        await this.#undo(entry, { lease: work.lease, timeoutMs: this.#parts.timeoutMs }, cause)
      } catch (error) {
        entry.problem = PouchError.from(error)
        this.#parts.log.warn({ volume: entry.name, err: error }, 'a failed create could not be undone yet')
      }
    }
    if (failure instanceof DriverStillRunning) work.lease.hold(failureAtRest(failure).then(undo))
    else await undo(failure)
  }

  async #undo(entry: VolumeEntry, work: Work, failure: unknown): Promise<void> {
    await this.#parts.volumes.confirm(entry)
    try {
      // What was there before is somebody's; under a name of its own there is nothing else.
      if (entry.record.staged !== undefined || !hasMadeNothing(failure)) await this.#removeData(entry, work)
    } catch (error) {
      await this.#parts.volumes.update(entry, { ...entry.record, phase: 'removing' })
      throw error
    }
    await this.#parts.volumes.delete(entry)
  }

  /** Has no signal of the caller's: what was begun is finished. */
  async #removeData(entry: VolumeEntry, work: Work): Promise<void> {
    const { record } = entry
    const { definition, driver } = this.#parts.drivers.get(record.driver, 'remove', record.name)
    const volume = driverVolume(definition, record)
    const scope = this.#scope('remove', entry, { lease: work.lease, timeoutMs: work.timeoutMs })
    await callDriver(scope, (call) => driver.remove(volume, call))
  }

  #scope(verb: string, entry: VolumeEntry, work: Work): DriverCallScope {
    return scopeOf(this.#parts, verb, entry.record, work)
  }
}

/** Whether a driver that failed to remove has promised that the volume is whole. */
export function isWholeAfter(error: unknown): boolean {
  const codes = ['in-use', 'unsupported', 'permission-denied', 'unavailable'] as const
  return codes.some((code) => hasCode(error, code))
}

function readyRecord(record: VolumeRecord, made: CreatedVolume | undefined): VolumeRecord {
  return { ...keptBy(record, made), phase: 'ready' }
}
