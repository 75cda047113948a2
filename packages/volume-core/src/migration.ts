import { randomBytes } from 'node:crypto'
import { isAbsolute } from 'node:path'
import { hasCode, PouchError } from '@pouch/errors'
import { compareTrees, copyTree } from '@pouch/file-tree'
import { absentFacet } from './absent-facet.js'
import { Backend } from './backend.js'
import { begun, withoutPending } from './carry-out.js'
import type { Core } from './core.js'
import { nameTaken } from './creation.js'
import { DriverStillRunning } from './driver-call.js'
import { keptState } from './driver-volume.js'
import type { EngineParts, Work } from './engine-parts.js'
import { finishMigration, migrationReference, undoCopy, unmountPlaced } from './finish-migration.js'
import { forgetful } from './imports.js'
import { keptBy } from './kept.js'
import type { Mounts } from './mounts.js'
import { checkedOptions, copyOf } from './new-volume.js'
import { differingOptions } from './options.js'
import { mountOwn } from './own-mount.js'
import { patient } from './patience.js'
import { isAway, type PendingLeave, type PlacedVolume } from './pending-operation.js'
import { hasSnapshots, inUse } from './removal.js'
import { checkStringMap } from './requests.js'
import { wholeSnapshots } from './snapshot-record.js'
import { failureAtRest, hasMadeNothing, occupied, requireFree, requireNew, stagingName } from './staging.js'
import { askedOfTop, keepingTop } from './top-directory.js'
import { transferError } from './transfer-error.js'
import { treeRoot } from './tree-root.js'
import { treeTellers } from './tree-tellers.js'
import { unfinished } from './updates.js'
import type { Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'
import type { MigrateRequest } from './volume-requests.js'

/**
 * Moves volumes to other drivers. The target is made, filled and compared beside the source; one durable write of the record switches over;
 * then the source is removed. A crash before the switch leaves the source and removes the target; one after it the other way round.
 */
export class Migration {
  readonly #parts: EngineParts
  readonly #core: Core
  readonly #mounts: Mounts

  constructor(parts: EngineParts, core: Core, mounts: Mounts) {
    this.#parts = parts
    this.#core = core
    this.#mounts = mounts
  }

  async migrate(name: string, request: MigrateRequest, call: VolumeCall): Promise<Volume> {
    checkMigrateRequest(name, request)
    // The lock is held all the time: whoever came to write meanwhile would write into what is left behind.
    return await this.#core.locked(name, 'migrate', call, async (locked) => {
      const work = patient(this.#parts, locked, call)
      const entry = await this.#core.usable(name, work)
      const { driver } = entry.record
      checkIdle(entry)
      const target = await this.#target(entry, request, work)
      if (target === undefined) return await this.#core.lastSeen(entry, work)
      const filled = await this.#fillTarget(entry, target, request, work)
      const isSame = target.driver === driver
      await this.#switchOver(entry, isSame ? filled : await this.#settle(entry, filled, work), work)
      const volume = await this.#core.lastSeen(entry, work)
      this.#parts.events.emit('volume.migrated', volume, driver)
      return volume
    })
  }

  /** Where the volume is to go; `undefined` when it is there already. */
  async #target({ record }: VolumeEntry, request: MigrateRequest, work: Work): Promise<PlacedVolume | undefined> {
    const { name } = record
    await this.#core.summon(request.driver, work.signal)
    const { definition, driver } = this.#parts.drivers.get(request.driver, 'migrate', name)
    const options = copyOf(request.options)
    const typed = checkedOptions(definition, name, options, 'migrate')
    const isSame = driver.name === record.driver
    if (isSame && differingOptions(typed, checkedOptions(definition, name, record.options, 'migrate')).length === 0) {
      return undefined
    }
    if (!driver.traits.durable) throw forgetful(name, driver.name, 'migrate')
    if (isSame && driver.renaming === undefined) throw cannotRename(name, driver.name)
    // At one driver two volumes cannot have one name: the target gets its own once the source is gone.
    if (isSame) return { name: `migrating-${randomBytes(16).toString('hex')}`, driver: driver.name, options }
    const staged = stagingName(driver)
    const target = { name: staged ?? name, driver: driver.name, options }
    if (staged === undefined) await this.#requireFree(record, target, work)
    return target
  }

  /** @throws PouchError `already-exists` */
  async #requireFree({ labels }: VolumeRecord, target: PlacedVolume, work: Work): Promise<void> {
    const { name, driver } = target
    const backend = new Backend(this.#parts, { ...target, labels }, 'migrate')
    const { inventory } = backend.driver
    if (inventory === undefined) return await requireFree(backend, name, 'migrate', work)
    const found = await backend.call('migrate', work, (call) => inventory.get(name, call))
    if (found !== undefined) throw nameTaken(name, driver, 'migrate')
  }

  async #fillTarget(
    entry: VolumeEntry,
    target: PlacedVolume,
    request: MigrateRequest,
    work: Work,
  ): Promise<PlacedVolume> {
    await this.#store(entry, target)
    try {
      const made = await this.#make(entry, target, work)
      const { placed, path } = await this.#mountTarget(entry, made, work)
      const source = await mountOwn(this.#parts, this.#mounts, entry, { verb: 'migrate', readOnly: true }, work)
      try {
        await this.#copy(entry.name, source.path, path, request, work)
      } finally {
        await this.#mounts.dropOwn(entry, source.id, begun(work))
      }
      return await this.#unmountTarget(entry, placed, work)
    } catch (error) {
      await this.#undo(entry, work, error)
      throw error
    }
  }

  async #make(entry: VolumeEntry, target: PlacedVolume, work: Work): Promise<PlacedVolume> {
    const { driver, volume, backend } = this.#at(entry, target)
    try {
      const made = await backend.call('migrate', work, (call) => driver.create(volume, call))
      requireNew(made, entry.name, driver.name, 'migrate')
      const placed = keptBy(target, made)
      await this.#store(entry, placed)
      return placed
    } catch (error) {
      if (hasCode(error, 'already-exists')) await this.#forget(entry)
      throw error
    }
  }

  async #mountTarget(entry: VolumeEntry, made: PlacedVolume, work: Work) {
    const { driver, volume, backend } = this.#at(entry, made)
    const { mounts } = backend
    if (mounts === undefined) {
      const path = await backend.call('migrate', work, (call) => driver.path(volume, call))
      return { placed: made, path: await usablePath(entry.name, driver.name, path) }
    }
    const id = randomBytes(16).toString('hex')
    await this.#store(entry, { ...made, mount: { id } })
    const mounted = await backend.call('migrate', work, (call) => mounts.mount(volume, migrationReference(id), call))
    const state = keptState(driver.name, mounted.state)
    const placed: PlacedVolume = { ...made, mount: { id, ...(state === undefined ? {} : { state }) } }
    await this.#store(entry, placed)
    return { placed, path: await usablePath(entry.name, driver.name, mounted.path) }
  }

  async #unmountTarget(entry: VolumeEntry, placed: PlacedVolume, work: Work): Promise<PlacedVolume> {
    const { mount, ...unmounted } = placed
    if (mount !== undefined) await unmountPlaced(this.#at(entry, placed).backend, mount, work)
    return unmounted
  }

  async #copy(name: string, from: string, to: string, request: MigrateRequest, work: Work): Promise<void> {
    const { definition } = this.#parts.drivers.get(request.driver, 'migrate', name)
    try {
      // What was asked for comes after the comparison: it alone need not be the same.
      await keepingTop(to, askedOfTop(definition, request.options ?? {}), async () => {
        await copyTree(from, to, treeTellers(request, work.signal))
        const differences = await compareTrees(from, to, { signal: work.signal })
        const told = differences.map(({ message }) => message)
        if (told.length > 0) throw notTheSame(name, told)
      })
    } catch (error) {
      throw transferError('migrate', name, error, to)
    }
  }

  /** Has the driver give the target, which is whole, the volume's name. The source is what it was until that is done. */
  async #settle(entry: VolumeEntry, filled: PlacedVolume, work: Work): Promise<PlacedVolume> {
    const { name } = entry.record
    if (filled.name === name) return filled
    const { driver, volume, backend } = this.#at(entry, filled)
    try {
      await this.#parts.volumes.update(entry, { ...entry.record, pending: { kind: 'copy', target: filled, to: name } })
      const made = await backend.call('migrate', begun(work), async (call) => {
        if (driver.renaming === undefined) throw absentFacet('renaming')
        return await driver.renaming.rename(volume, name, call)
      })
      return keptBy({ ...filled, name }, made)
    } catch (error) {
      await this.#undo(entry, work, error)
      throw hasCode(error, 'already-exists') ? occupied(name, driver.name, 'migrate', error) : error
    }
  }

  /** From the one write on, the volume is the target. */
  async #switchOver(entry: VolumeEntry, filled: PlacedVolume, work: Work): Promise<void> {
    const { record } = entry
    const from = filled.name === record.name ? {} : { from: filled.name }
    const pending: PendingLeave = { kind: 'leave', source: placedOf(record), ...from }
    const { sizeBytes: _, state: __, ...rest } = withoutPending(record)
    const { name: ___, ...place } = filled
    try {
      await this.#parts.volumes.update(entry, { ...rest, ...place, pending })
    } catch (error) {
      await this.#undo(entry, work, error)
      throw error
    }
    try {
      await finishMigration(this.#parts, entry, pending, begun(work))
    } catch (error) {
      entry.problem = PouchError.from(error)
      const left = entry.record.pending
      if (left !== undefined && isAway(left)) throw error
      this.#parts.log.warn({ volume: entry.name, err: error }, 'what a migration left behind could not be removed yet')
    }
  }

  /** Once the driver has come to rest. What cannot be undone now stays as an intent. */
  async #undo(entry: VolumeEntry, { lease }: Work, failure: unknown): Promise<void> {
    const undo = async (cause: unknown) => {
      try {
        // After a write of unknown outcome the store may say that the target is the volume.
        await this.#parts.volumes.confirm(entry)
        const { pending } = entry.record
        const work = { lease, timeoutMs: this.#parts.timeoutMs }
        if (pending?.kind !== 'copy') return
        if (pending.target.name === entry.name && cause !== failure && hasMadeNothing(cause)) await this.#forget(entry)
        else await undoCopy(this.#parts, entry, pending, work)
      } catch (error) {
        entry.problem = PouchError.from(error)
        this.#parts.log.warn({ volume: entry.name, err: error }, 'a failed migration could not be undone yet')
      }
    }
    if (failure instanceof DriverStillRunning) lease.hold(failureAtRest(failure).then(undo))
    else await undo(failure)
  }

  /** What it was that was there is not to be removed. */
  async #forget(entry: VolumeEntry): Promise<void> {
    await this.#parts.volumes.update(entry, withoutPending(entry.record))
  }

  async #store(entry: VolumeEntry, target: PlacedVolume): Promise<void> {
    await this.#parts.volumes.update(entry, { ...entry.record, pending: { kind: 'copy', target } })
  }

  #at({ record }: VolumeEntry, placed: PlacedVolume) {
    const backend = new Backend(this.#parts, { ...placed, labels: record.labels }, 'migrate')
    return { backend, driver: backend.driver, volume: backend.volume }
  }
}

function checkMigrateRequest(name: string, { driver, options }: MigrateRequest): void {
  checkStringMap(options, 'migrate', name, 'options')
  if (typeof driver === 'string' && driver !== '') return
  const text = `migrate ${name}: name the driver that it is to move to`
  throw new PouchError('invalid-argument', text, { op: 'volume.migrate', subject: name, details: { field: 'driver' } })
}

function checkIdle(entry: VolumeEntry): void {
  const { record } = entry
  if (record.references.length > 0) throw inUse(record, 'migrate', 'remove what uses it first')
  if (wholeSnapshots(record.snapshots).length > 0) throw hasSnapshots(record, 'migrate')
  if (record.pending !== undefined || record.snapshots !== undefined) throw unfinished(entry, 'migrate')
}

function placedOf({ name, driver, options, sizeBytes, state }: VolumeRecord): PlacedVolume {
  return {
    name,
    driver,
    options,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(state === undefined ? {} : { state }),
  }
}

async function usablePath(name: string, driver: string, path: unknown): Promise<string> {
  if (typeof path === 'string' && isAbsolute(path)) return await treeRoot(path, 'migrate', name)
  const text = `migrate ${name}: driver ${driver} answered ${JSON.stringify(path)} where an absolute path is due`
  throw new PouchError('internal', text, { op: 'volume.migrate', subject: name, details: { driver } })
}

function notTheSame(name: string, differences: readonly string[]): PouchError {
  const text = `the copy is not the same: ${differences.join('; ')}; the volume stays where it is`
  return new PouchError('corrupt', text, { subject: name, details: { differences } })
}

function cannotRename(name: string, driver: string): PouchError {
  const text =
    `migrate ${name}: to get other options at its own driver a volume is made anew and renamed, and driver ${driver} ` +
    'cannot rename: export it, and import it with the other options'
  return new PouchError('unsupported', text, {
    op: 'volume.migrate',
    subject: name,
    details: { driver, facet: 'renaming' },
  })
}
