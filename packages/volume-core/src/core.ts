import { hasCode, PouchError } from '@pouch/errors'
import type { Adoption } from './adoption.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { Inventory } from './inventory.js'
import { checkVolumeName } from './names.js'
import type { Recovery } from './recovery.js'
import type { Removal } from './removal.js'
import { checkedTimeoutMs } from './requests.js'
import type { Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { RemoveCall } from './volume-requests.js'
import type { VolumeViews } from './volume-views.js'

/** What {@link Core} works with. */
export interface CoreParts {
  readonly recovery: Recovery
  readonly views: VolumeViews
  readonly inventory: Inventory
  readonly adoption: Adoption
  readonly removal: Removal
}

/** An answer about a volume does not wait longer for a backend that is only to say whether it is there. */
export const lookTimeoutMs = 1400

/** The rules of finding and removing volumes, and of working on them alone. */
export class Core {
  readonly #parts: EngineParts
  readonly #with: CoreParts

  constructor(parts: EngineParts, others: CoreParts) {
    this.#parts = parts
    this.#with = others
  }

  /** @throws PouchError `not-found` */
  async get(name: string, call: VolumeCall): Promise<Volume> {
    const found = await this.find(name, call)
    if (found === undefined) throw noSuchVolume(name, 'get')
    return found
  }

  async find(name: string, call: VolumeCall): Promise<Volume | undefined> {
    const entry = this.#parts.volumes.find(name)
    if (entry === undefined) return await this.#findElsewhere(name, call)
    if (!entry.isVisible) return undefined
    const { driver } = entry.record
    if (this.#parts.late.mayHave(driver)) await this.summonForLook(driver, call)
    if (entry.shown === undefined) await this.#with.views.locate(entry, this.#timeoutMs(call), call.signal)
    if (this.#with.inventory.has(driver)) return await this.#confirmed(entry, call)
    return this.#with.views.show(entry)
  }

  /** @throws PouchError `not-found`, `in-use` with the holders or the snapshots */
  async remove(name: string, call: RemoveCall): Promise<void> {
    await this.locked(name, 'remove', call, async (work) => {
      const entry = this.#parts.volumes.find(name) ?? (await this.#with.adoption.adopt(name, work))
      if (entry === undefined) throw noSuchVolume(name, 'get')
      const { references, snapshots } = entry.record
      if (references.length > 0 || snapshots !== undefined) await this.#with.removal.check(entry, work)
      const before = await this.lastSeen(entry, work)
      const failure = await this.#tryToRemove(entry, call.force === true, work)
      this.#parts.events.emit('volume.removed', before)
      if (failure !== undefined) throw failure
    })
  }

  /** Runs `action` with the lock of a name held. */
  async locked<T>(name: string, verb: string, call: VolumeCall, action: (work: Work) => Promise<T>): Promise<T> {
    const timeoutMs = this.#timeoutMs(call)
    const wait = { op: `volume.${verb}`, signal: call.signal, timeoutMs }
    return await this.#parts.locks.run(name, wait, async (lease) => {
      const work: Work = { lease, signal: call.signal, timeoutMs }
      const entry = this.#parts.volumes.find(name)
      if (entry !== undefined && this.#parts.late.mayHave(entry.record.driver)) await this.#greet(entry, work)
      return await action(work)
    })
  }

  /** Runs `action` with the locks of two names held. Everybody takes them in the same order, so nobody waits for ever. */
  async lockedBoth<T>(
    names: readonly [string, string],
    verb: string,
    call: VolumeCall,
    action: (work: Work) => Promise<T>,
  ): Promise<T> {
    const [one, other] = names
    if (one === other) return await this.locked(one, verb, call, action)
    const [first, second] = one < other ? [one, other] : [other, one]
    return await this.locked(first, verb, call, (outer) =>
      this.locked(second, verb, call, (inner) => {
        const hold = (work: Promise<unknown>) => {
          outer.lease.hold(work)
          inner.lease.hold(work)
        }
        return action({ ...inner, lease: { hold } })
      }),
    )
  }

  /** The volume, brought to rest, by the holder of its lock. @throws PouchError `not-found`, or why it is not usable */
  async usable(name: string, work: Work): Promise<VolumeEntry> {
    const entry = (await this.settled(name, work)) ?? (await this.#with.adoption.adopt(name, work))
    if (entry === undefined) throw noSuchVolume(name, 'get')
    return entry
  }

  /** The recorded volume, brought to rest; `undefined` when there is none, or none any more. */
  async settled(name: string, work: Work): Promise<VolumeEntry | undefined> {
    const entry = this.#parts.volumes.find(name)
    if (entry === undefined) return undefined
    await this.#with.recovery.settle(entry, work)
    return entry.isGone ? undefined : entry
  }

  /** A volume as it is shown now, also when its driver cannot tell where it is. */
  async lastSeen(entry: VolumeEntry, work: Pick<Work, 'timeoutMs'>): Promise<Volume> {
    try {
      await this.#with.views.locate(entry, work.timeoutMs)
    } catch (error) {
      this.#parts.log.warn({ volume: entry.name, err: error }, 'a driver could not tell where a volume is')
    }
    return this.#with.views.show(entry)
  }

  /** Looks for a driver that nobody has named before. */
  async summon(driver: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#parts.late.mayHave(driver)) await this.#parts.late.summon(driver, signal)
  }

  /** A recorded volume can be shown without its driver: one that is slow to appear is waited for no longer than a backend. */
  async summonForLook(driver: string, call: VolumeCall): Promise<void> {
    const limit = AbortSignal.timeout(Math.min(lookTimeoutMs, this.#timeoutMs(call)))
    try {
      await this.summon(driver, call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]))
    } catch (error) {
      if (!limit.aborted || call.signal?.aborted === true) throw error
    }
  }

  /** Looks for the driver of a volume whose driver is unknown, and does what its start left to be done. */
  async #greet(entry: VolumeEntry, work: Work): Promise<void> {
    const { driver } = entry.record
    await this.summon(driver, work.signal)
    if (!this.#parts.late.mayHave(driver)) await this.#with.recovery.catchUp(entry, work)
  }

  /** @returns the failure of a driver whose volume was forgotten all the same */
  async #tryToRemove(entry: VolumeEntry, isForced: boolean, work: Work): Promise<PouchError | undefined> {
    try {
      await this.#with.removal.remove(entry, work)
      return undefined
    } catch (error) {
      const isGone = hasCode(error, 'not-found') && (await this.#isGone(entry, work))
      if (!isGone && !isForced) throw error
      const failure = await this.#with.removal.forget(entry, error)
      return isGone ? undefined : failure
    }
  }

  async #isGone({ name, record }: VolumeEntry, work: Work): Promise<boolean> {
    const { inventory } = this.#with
    return inventory.has(record.driver) && (await inventory.get(record.driver, name, work)) === undefined
  }

  /** A volume that no record has, and a backend may. Looking at it adopts nothing. */
  async #findElsewhere(name: string, call: VolumeCall): Promise<Volume | undefined> {
    const { inventory, views } = this.#with
    if (!inventory.isThere) return undefined
    checkVolumeName(name, 'get')
    const found = await inventory.find(name, { signal: call.signal, timeoutMs: this.#timeoutMs(call) })
    return found === undefined ? undefined : views.showFound(inventory.recordOf(found), found.volume.path)
  }

  /** A recorded volume, of which its backend is asked whether it has it still. One that cannot tell says so in its status. */
  async #confirmed(entry: VolumeEntry, call: VolumeCall): Promise<Volume> {
    const { inventory, views } = this.#with
    const { record } = entry
    const timeoutMs = Math.min(lookTimeoutMs, this.#timeoutMs(call))
    try {
      const found = await inventory.get(record.driver, record.name, { signal: call.signal, timeoutMs })
      if (entry.record === record && record.phase === 'ready') {
        entry.isMissing = found === undefined && record.pending === undefined
      }
      return views.show(entry)
    } catch (error) {
      if (call.signal?.aborted === true) throw error
      const volume = views.show(entry)
      const status = volume.status ?? { phase: record.phase, error: PouchError.from(error).message }
      return Object.freeze({ ...volume, status: Object.freeze(status) })
    }
  }

  #timeoutMs(call: VolumeCall): number {
    return call.timeoutMs === undefined ? this.#parts.timeoutMs : checkedTimeoutMs(call.timeoutMs)
  }
}

/** The error of an operation on a volume that is not there, in the words that Docker's clients look for. */
export function noSuchVolume(name: string, verb: string): PouchError {
  return new PouchError('not-found', `${verb} ${name}: no such volume`, { op: `volume.${verb}`, subject: name })
}
