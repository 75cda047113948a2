import { PouchError } from '@pouch/errors'
import { Backend } from './backend.js'
import { beingRenamed } from './creation.js'
import type { EngineParts, Work } from './engine-parts.js'
import { createSearchMs, type Found, type Inventory } from './inventory.js'
import { checkedOptions, copyOf } from './new-volume.js'
import type { SnapshotRecord } from './snapshot-record.js'
import type { CreateRequest } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import { emptyMap, type VolumeRecord } from './volume-record.js'

/** Takes volumes into the records that a backend has and we lack, when they are first used. The caller holds the lock of the name. */
export class Adoption {
  readonly #parts: EngineParts
  readonly #inventory: Inventory

  constructor(parts: EngineParts, inventory: Inventory) {
    this.#parts = parts
    this.#inventory = inventory
  }

  /** The volume of this name that a backend has. @throws PouchError `unavailable` when none has it and one could not tell */
  async adopt(name: string, work: Work): Promise<VolumeEntry | undefined> {
    if (!this.#inventory.isThere) return undefined
    const found = await this.#inventory.find(name, work)
    return found === undefined ? undefined : await this.#record(found, {}, work)
  }

  /**
   * The same, for who would create it else, with the labels and options that were asked for, as Docker does. Asks the driver that was
   * named; without one all, and then one that cannot tell stands in nobody's way.
   */
  async adoptForCreate(name: string, request: CreateRequest, work: Work): Promise<VolumeEntry | undefined> {
    const found = await this.#look(name, request.driver, work)
    if (found === undefined) return undefined
    return await this.#record(found, { options: request.options, labels: request.labels }, work)
  }

  async #look(name: string, driver: string | undefined, work: Work): Promise<Found | undefined> {
    if (driver !== undefined && driver !== '') {
      const volume = await this.#inventory.get(driver, name, work, 'create')
      return volume === undefined ? undefined : { driver, volume }
    }
    try {
      return await this.#inventory.find(name, work, createSearchMs)
    } catch (error) {
      if (work.signal?.aborted === true) throw error
      this.#parts.log.warn(
        { volume: name, err: error },
        'a driver could not tell whether it has a volume; it is taken to have none',
      )
      return undefined
    }
  }

  async #record(found: Found, { options, labels }: CreateRequest, work: Work): Promise<VolumeEntry> {
    const { drivers, volumes, log } = this.#parts
    const { name } = found.volume
    const former = volumes.formerlyCalled(name)
    if (former !== undefined) throw beingRenamed(name, former.name, 'adopt')
    checkedOptions(drivers.get(found.driver, 'adopt', name).definition, name, options ?? emptyMap)
    const record = { ...this.#inventory.recordOf(found), options: copyOf(options), labels: copyOf(labels) }
    const snapshots = await this.#snapshotsOf(record, work)
    log.info({ volume: name, driver: found.driver }, 'a volume of a driver is taken into the records')
    return await volumes.insert(snapshots.length === 0 ? record : { ...record, snapshots })
  }

  async #snapshotsOf(record: VolumeRecord, work: Work): Promise<SnapshotRecord[]> {
    const backend = new Backend(this.#parts, record, 'adopt')
    const { snapshots } = backend.driver
    if (snapshots === undefined) return []
    try {
      const found = await backend.call('adopt', work, (call) => snapshots.list(backend.volume, call))
      const createdAt = new Date(this.#parts.clock()).toISOString()
      return found.map((snapshot) => ({ ...snapshot, createdAt, labels: emptyMap, phase: 'ready' }))
    } catch (error) {
      if (work.signal?.aborted === true) throw PouchError.from(error)
      this.#parts.log.warn({ volume: record.name, err: error }, 'the snapshots of a volume could not be told')
      return []
    }
  }
}
