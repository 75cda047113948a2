import { PouchError, throwIfAborted } from '@pouch/errors'
import type { Adoption } from './adoption.js'
import { Backend } from './backend.js'
import type { Core } from './core.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { Intents } from './intents.js'
import type { Inventory } from './inventory.js'
import { anonymousName, checkVolumeName } from './names.js'
import { checkedOptions, newRecord } from './new-volume.js'
import { differingOptions } from './options.js'
import { inUse } from './removal.js'
import { checkStringMap } from './requests.js'
import { requireFree, stagingName } from './staging.js'
import type { CreateRequest, Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import { emptyMap, type FillingKind } from './volume-record.js'

/** What {@link Creation} works with. */
export interface CreationParts {
  readonly core: Core
  readonly intents: Intents
  readonly inventory: Inventory
  readonly adoption: Adoption
}

/** What a new volume is filled from. */
export interface NewFilling {
  readonly kind: FillingKind
  /** The size that it is to have whatever its options say, in bytes. */
  readonly sizeBytes?: number | undefined
  /** Whether it is known to be a volume that its driver cannot rename. */
  readonly isNeverRenamed?: boolean
}

/** The rules of creating volumes. */
export class Creation {
  readonly #parts: EngineParts
  readonly #with: CreationParts

  constructor(parts: EngineParts, others: CreationParts) {
    this.#parts = parts
    this.#with = others
  }

  async create(request: CreateRequest, call: VolumeCall): Promise<Volume> {
    const name = checkedName(request, 'create')
    return await this.#with.core.locked(name, 'create', call, async (work) => {
      const existing = await this.existing(name, request, work)
      if (existing !== undefined) return await this.#returnExisting(existing, request, work)
      return await this.#make(name, request, work)
    })
  }

  /**
   * The volume of a name that is to be created, if there is one, here or at the backend of a driver. One that its backend no longer has
   * makes room, unless somebody holds it.
   *
   * @throws PouchError `in-use`, and why the backend of the driver that was named, or of the volume, cannot tell
   */
  async existing(name: string, request: CreateRequest, work: Work): Promise<VolumeEntry | undefined> {
    const { core, inventory, adoption } = this.#with
    const entry = await core.settled(name, work)
    // A driver that nobody has named before may have the volume.
    if (entry === undefined && request.driver) await core.summon(request.driver, work.signal)
    if (!inventory.isThere) return entry
    if (entry === undefined) return await adoption.adoptForCreate(name, request, work)
    const { driver, references } = entry.record
    if (!inventory.has(driver) || (await inventory.get(driver, name, work, 'create')) !== undefined) return entry
    if (references.length > 0) throw heldAndGone(entry)
    this.#parts.log.warn({ volume: name, driver }, 'a volume that its driver no longer has is created anew')
    await this.#parts.volumes.delete(entry)
    return undefined
  }

  /**
   * Stores the intent to make a volume, of a driver that is known to take its options.
   *
   * @param filling what it is to be filled from: then it is not there before it is whole
   */
  async begin(
    name: string,
    request: CreateRequest,
    verb: string,
    work: Work,
    filling?: NewFilling,
  ): Promise<VolumeEntry> {
    const { drivers, volumes, clock } = this.#parts
    const driver = request.driver || drivers.defaultDriver
    await this.#with.core.summon(driver, work.signal)
    const { definition } = drivers.get(driver, verb, name)
    checkedOptions(definition, name, request.options ?? emptyMap, verb)
    const former = volumes.formerlyCalled(name)
    if (former !== undefined) throw beingRenamed(name, former.name, verb)
    const record = newRecord(name, driver, request, clock())
    if (filling === undefined) return await volumes.insert(record)
    const { kind, sizeBytes, isNeverRenamed } = filling
    const backend = new Backend(this.#parts, record, verb)
    const staged = isNeverRenamed === true ? undefined : stagingName(backend.driver)
    // One that tells its volumes was asked already.
    if (staged === undefined && backend.driver.inventory === undefined) await requireFree(backend, name, verb, work)
    const size = sizeBytes === undefined ? {} : { sizeBytes }
    return await volumes.insert({ ...record, filling: kind, ...size, ...(staged === undefined ? {} : { staged }) })
  }

  /** Tells of a volume that is there now. That its driver cannot tell the path now fails no create. */
  async created(entry: VolumeEntry, work: Work): Promise<Volume> {
    const volume = await this.#with.core.lastSeen(entry, work)
    this.#parts.events.emit('volume.created', volume)
    return volume
  }

  async #make(name: string, request: CreateRequest, work: Work): Promise<Volume> {
    const entry = await this.begin(name, request, 'create', work)
    try {
      throwIfAborted(work.signal, { op: 'volume.create', subject: name })
    } catch (error) {
      // Nobody was asked to make it: what its driver has under the name is somebody's.
      await this.#parts.volumes.delete(entry)
      throw error
    }
    try {
      await this.#with.intents.create(entry, work)
    } catch (error) {
      await this.#with.intents.undoCreate(entry, work, error)
      throw error
    }
    return await this.created(entry, work)
  }

  async #returnExisting(entry: VolumeEntry, request: CreateRequest, work: Work): Promise<Volume> {
    const { name, driver, options } = entry.record
    if (request.driver !== undefined && request.driver !== '' && request.driver !== driver) {
      await this.#with.core.summon(request.driver, work.signal)
      this.#parts.drivers.get(request.driver, 'create', name)
      throw nameTaken(name, driver, 'create')
    }
    if (request.options !== undefined && Object.keys(request.options).length > 0) {
      const { definition } = this.#parts.drivers.get(driver, 'create', name)
      const wanted = checkedOptions(definition, name, request.options)
      const differing = differingOptions(wanted, checkedOptions(definition, name, options))
      if (differing.length > 0) this.#otherOptions(entry, request, differing)
    }
    return await this.#with.core.lastSeen(entry, work)
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
}

/** The name of a new volume, once the request was looked at. @throws PouchError `invalid-argument` */
export function checkedName(request: CreateRequest, verb: string): string {
  const name = request.name === undefined || request.name === '' ? anonymousName() : request.name
  checkVolumeName(name, verb)
  checkStringMap(request.options, verb, name, 'options')
  checkStringMap(request.labels, verb, name, 'labels')
  return name
}

/** The error of a name that is taken, for an operation that makes no use of what has it. */
export function nameTaken(name: string, driver: string, verb: string): PouchError {
  const text = `${verb} ${name}: driver '${driver}' already has volume '${name}': volume name must be unique`
  return new PouchError('already-exists', text, { op: `volume.${verb}`, subject: name, details: { driver } })
}

/** The error of a name under which a driver may still have another volume. */
export function beingRenamed(name: string, to: string, verb: string): PouchError {
  const text =
    `${verb} ${name}: the volume of this name is being renamed to ${to}, which its driver has not finished; ` +
    `any operation on ${to} tries it again`
  return new PouchError('in-use', text, { op: `volume.${verb}`, subject: name, details: { volume: to } })
}

function heldAndGone(entry: VolumeEntry): PouchError {
  const { name, driver } = entry.record
  const { details } = inUse(entry.record, 'create')
  const text =
    `create ${name}: driver '${driver}' no longer has volume '${name}', and it has holders still: ` +
    'remove them, or bring the volume back'
  return new PouchError('in-use', text, { op: 'volume.create', subject: name, details: { ...details, driver } })
}
