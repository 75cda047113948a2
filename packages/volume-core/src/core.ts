import { PouchError } from '@pouch/errors'
import { DriverStillRunning } from './driver-call.js'
import type { EngineParts, Work } from './engine-parts.js'
import { type Intents, isWholeAfter } from './intents.js'
import { anonymousName, checkVolumeName } from './names.js'
import { differingOptions, typedOptions } from './options.js'
import type { Recovery } from './recovery.js'
import { checkedTimeoutMs, checkStringMap } from './requests.js'
import type { CreateRequest, Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import { emptyMap, noReferences, type VolumeRecord } from './volume-record.js'
import type { RemoveCall } from './volume-requests.js'
import type { VolumeViews } from './volume-views.js'

/** The label of a volume that was created without a name, as Docker has it. */
export const anonymousLabel = 'com.docker.volume.anonymous'

/** The rules of creating, finding and removing volumes. */
export class Core {
  readonly #parts: EngineParts
  readonly #intents: Intents
  readonly #recovery: Recovery
  readonly #views: VolumeViews

  constructor(parts: EngineParts, intents: Intents, recovery: Recovery, views: VolumeViews) {
    this.#parts = parts
    this.#intents = intents
    this.#recovery = recovery
    this.#views = views
  }

  async create(request: CreateRequest, call: VolumeCall): Promise<Volume> {
    const name = request.name === undefined || request.name === '' ? anonymousName() : request.name
    checkVolumeName(name, 'create')
    checkStringMap(request.options, 'create', name, 'options')
    checkStringMap(request.labels, 'create', name, 'labels')
    return await this.locked(name, 'create', call, async (work) => {
      const existing = await this.#settled(name, work)
      if (existing !== undefined) return await this.#returnExisting(existing, request, work)
      return await this.#make(name, request, work)
    })
  }

  /** @throws PouchError `not-found` */
  async get(name: string, call: VolumeCall): Promise<Volume> {
    const found = await this.find(name, call)
    if (found === undefined) throw noSuchVolume(name, 'get')
    return found
  }

  async find(name: string, call: VolumeCall): Promise<Volume | undefined> {
    const entry = this.#parts.volumes.find(name)
    if (entry === undefined || !entry.isVisible) return undefined
    if (this.#parts.late.mayHave(entry.record.driver)) await this.#summon(entry.record.driver, call.signal)
    if (entry.shown === undefined) await this.#views.locate(entry, this.#timeoutMs(call), call.signal)
    return this.#views.show(entry)
  }

  /** @throws PouchError `not-found`, `in-use` with the holders */
  async remove(name: string, call: RemoveCall): Promise<void> {
    await this.locked(name, 'remove', call, async (work) => {
      const entry = this.#parts.volumes.find(name)
      if (entry === undefined) throw noSuchVolume(name, 'get')
      if (entry.record.references.length > 0) throw inUse(entry.record)
      const before = await this.#before(entry, work)
      await this.#removeIdle(entry, work)
      this.#parts.events.emit('volume.removed', before)
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

  /** Looks for the driver of a volume whose driver is unknown, and does what its start left to be done. */
  async #greet(entry: VolumeEntry, work: Work): Promise<void> {
    const { driver } = entry.record
    await this.#summon(driver, work.signal)
    if (!this.#parts.late.mayHave(driver)) await this.#recovery.catchUp(entry, work)
  }

  async #summon(driver: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#parts.late.mayHave(driver)) await this.#parts.late.summon(driver, signal)
  }

  /** The volume, brought to rest, by the holder of its lock. @throws PouchError `not-found`, or why it is not usable */
  async usable(name: string, work: Work): Promise<VolumeEntry> {
    const entry = await this.#settled(name, work)
    if (entry === undefined) throw noSuchVolume(name, 'get')
    return entry
  }

  async #settled(name: string, work: Work): Promise<VolumeEntry | undefined> {
    const entry = this.#parts.volumes.find(name)
    if (entry === undefined) return undefined
    await this.#recovery.settle(entry, work)
    return entry.isGone ? undefined : entry
  }

  async #make(name: string, request: CreateRequest, work: Work): Promise<Volume> {
    const driver = request.driver || this.#parts.drivers.defaultDriver
    await this.#summon(driver, work.signal)
    const { definition } = this.#parts.drivers.get(driver, 'create', name)
    const options = request.options ?? emptyMap
    this.#typed(definition, name, options)
    const entry = await this.#parts.volumes.insert(this.#newRecord(name, driver, request))
    try {
      await this.#intents.create(entry, work)
    } catch (error) {
      await this.#intents.undoCreate(entry, work, error)
      throw error
    }
    return await this.#created(entry, work)
  }

  /** The volume is there: that its driver cannot tell the path now fails no create. */
  async #created(entry: VolumeEntry, work: Work): Promise<Volume> {
    const volume = await this.#before(entry, work)
    this.#parts.events.emit('volume.created', volume)
    return volume
  }

  async #before(entry: VolumeEntry, work: Work): Promise<Volume> {
    try {
      await this.#views.locate(entry, work.timeoutMs)
    } catch (error) {
      this.#parts.log.warn({ volume: entry.name, err: error }, 'a driver could not tell where a volume is')
    }
    return this.#views.show(entry)
  }

  #newRecord(name: string, driver: string, request: CreateRequest): VolumeRecord {
    // A container's manager names the anonymous volumes that it asks for, to find them again after a crash.
    const isMarked = Object.hasOwn(request.labels ?? {}, anonymousLabel)
    const anonymous = request.name === undefined || request.name === '' || isMarked
    const labels = anonymous ? { ...request.labels, [anonymousLabel]: '' } : request.labels
    return {
      name,
      driver,
      options: copyOf(request.options),
      labels: copyOf(labels),
      createdAt: new Date(this.#parts.clock()).toISOString(),
      anonymous,
      phase: 'creating',
      references: noReferences,
    }
  }

  async #returnExisting(entry: VolumeEntry, request: CreateRequest, work: Work): Promise<Volume> {
    const { name, driver, options } = entry.record
    if (request.driver !== undefined && request.driver !== '' && request.driver !== driver) {
      await this.#summon(request.driver, work.signal)
      this.#parts.drivers.get(request.driver, 'create', name)
      const text = `create ${name}: driver '${driver}' already has volume '${name}': volume name must be unique`
      throw new PouchError('already-exists', text, { op: 'volume.create', subject: name, details: { driver } })
    }
    if (request.options !== undefined && Object.keys(request.options).length > 0) {
      const { definition } = this.#parts.drivers.get(driver, 'create', name)
      const wanted = this.#typed(definition, name, request.options)
      const differing = differingOptions(wanted, this.#typed(definition, name, options))
      if (differing.length > 0) this.#otherOptions(entry, request, differing)
    }
    return await this.#before(entry, work)
  }

  #otherOptions(entry: VolumeEntry, request: CreateRequest, differing: string[]): void {
    const { name } = entry
    const text = `the existing volume '${name}' has other options: ${differing.join(', ')}`
    if (request.ifExists === 'return') {
      this.#parts.log.warn({ volume: name, options: differing }, `${text}; it is returned as it is`)
      return
    }
    throw new PouchError('conflict', `create ${name}: ${text}; leave them out to use it, or choose another name`, {
      op: 'volume.create',
      subject: name,
      details: { options: differing },
    })
  }

  #typed(definition: Parameters<typeof typedOptions>[0], name: string, options: Readonly<Record<string, string>>) {
    try {
      return typedOptions(definition, options)
    } catch (cause) {
      const error = PouchError.from(cause)
      throw new PouchError(error.code, `create ${name}: ${error.message}`, {
        op: 'volume.create',
        subject: name,
        details: { ...error.details, driver: definition.name },
        cause,
      })
    }
  }

  /** The intent is durable, then the driver works. A driver that refuses leaves the volume as it was. */
  async #removeIdle(entry: VolumeEntry, work: Work): Promise<void> {
    const { volumes, drivers } = this.#parts
    drivers.get(entry.record.driver, 'remove', entry.name)
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

  /** What is half deleted stays so until the next try; after a driver that overran its deadline, that is when it has come to rest. */
  #removeLater(entry: VolumeEntry, work: Work, failure: unknown): void {
    entry.problem = PouchError.from(failure)
    if (!(failure instanceof DriverStillRunning)) return
    const { lease, timeoutMs } = work
    const again = async () => {
      try {
        await this.#intents.remove(entry, { lease, timeoutMs })
      } catch (error) {
        entry.problem = PouchError.from(error)
      }
    }
    lease.hold(failure.rest.then(again))
  }

  #timeoutMs(call: VolumeCall): number {
    return call.timeoutMs === undefined ? this.#parts.timeoutMs : checkedTimeoutMs(call.timeoutMs)
  }
}

/** The error of an operation on a volume that is not there, in the words that Docker's clients look for. */
export function noSuchVolume(name: string, verb: string): PouchError {
  return new PouchError('not-found', `${verb} ${name}: no such volume`, { op: `volume.${verb}`, subject: name })
}

function inUse(record: VolumeRecord): PouchError {
  const holders = [...new Set(record.references.map(({ holder }) => holder))]
  const text = `remove ${record.name}: volume is in use - [${holders.join(', ')}]`
  return new PouchError('in-use', text, { op: 'volume.remove', subject: record.name, details: { holders } })
}

function copyOf(map: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  return map === undefined || Object.keys(map).length === 0 ? emptyMap : Object.freeze({ ...map })
}
