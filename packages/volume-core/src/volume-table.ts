import { type ErrorCode, PouchError } from '@pouch/errors'
import { type Entry, type MetadataStore, upgradeStore, type WriteCall } from '@pouch/store'
import type { Logger } from './driver.js'
import { keyOfVolume } from './names.js'
import { VolumeEntry } from './volume-entry.js'
import { type VolumeRecord, volumeRecords } from './volume-record.js'

/**
 * All volumes in memory, written through to the store. Reads never touch the store; a filter looks at every entry, which for
 * 10,000 volumes takes well under a millisecond and so needs no index of its own.
 *
 * The caller holds the lock of the name for every write.
 */
export class VolumeTable {
  readonly #store: MetadataStore
  readonly #log: Logger
  readonly #entries = new Map<string, VolumeEntry>()
  readonly #unreadable = new Map<string, PouchError>()
  readonly #warnings: string[] = []
  /** Volumes that are being renamed, by the names that they had. What is no longer so is found out by who looks. */
  readonly #formerNames = new Map<string, VolumeEntry>()
  #ordered: VolumeEntry[] = []
  #isOrdered = true
  #gone = 0

  constructor(store: MetadataStore, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /**
   * Reads every record, after an upgrade of the store where one is of an older version. One that cannot be read is set aside and told in
   * {@link warnings}.
   *
   * @throws PouchError `unsupported` when a newer version wrote the store
   */
  async load(): Promise<void> {
    await upgradeStore(this.#store, [], { log: this.#log })
    if (await this.#readCurrent()) return
    const { quarantined } = await upgradeStore(this.#store, [volumeRecords], { log: this.#log })
    for (const { key, reason } of quarantined) this.#warnings.push(`the stored volume '${key}' was damaged: ${reason}`)
    this.#entries.clear()
    this.#ordered = []
    for await (const entry of this.#store.list(volumeRecords.prefix)) this.#read(entry)
  }

  /** One pass over the store is enough when all is as it should be. */
  async #readCurrent(): Promise<boolean> {
    for await (const { key, value, revision } of this.#store.list(volumeRecords.prefix)) {
      const found = volumeRecords.inspect(value)
      if (found.state !== 'current' || keyOfVolume(found.data.name) !== key) return false
      this.#add(new VolumeEntry(found.data, revision))
    }
    return true
  }

  #read(entry: Entry): void {
    try {
      const record = volumeRecords.decode(entry)
      if (keyOfVolume(record.name) !== entry.key) throw misplaced(entry.key, record.name)
      this.#add(new VolumeEntry(record, entry.revision))
    } catch (error) {
      const problem = PouchError.from(error)
      this.#unreadable.set(entry.key, problem)
      this.#warnings.push(problem.message)
      this.#log.error({ key: entry.key, err: problem }, 'a stored volume cannot be read and is left as it is')
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** What is wrong with records that could not be read. */
  get warnings(): readonly string[] {
    return this.#warnings
  }

  find(name: string): VolumeEntry | undefined {
    return this.#entries.get(name)
  }

  /** The volume that a driver may still have under this name, since a rename is unfinished. */
  formerlyCalled(name: string): VolumeEntry | undefined {
    const entry = this.#formerNames.get(name)
    if (entry === undefined) return undefined
    const { pending } = entry.record
    if (!entry.isGone && pending?.kind === 'rename' && pending.from === name) return entry
    this.#formerNames.delete(name)
    return undefined
  }

  /** All entries by name, in byte order. */
  ordered(): readonly VolumeEntry[] {
    if (this.#gone > 0) this.#compact()
    if (!this.#isOrdered) {
      this.#ordered.sort(byName)
      this.#isOrdered = true
    }
    return this.#ordered
  }

  /** Stores a new record, durably. @throws PouchError `corrupt` when an unreadable record has its place, or the store's failure */
  async insert(record: VolumeRecord): Promise<VolumeEntry> {
    const key = keyOfVolume(record.name)
    const unreadable = this.#unreadable.get(key)
    if (unreadable !== undefined) throw unreadable
    try {
      const entry = new VolumeEntry(record, await this.#store.create(key, volumeRecords.encode(record)))
      this.#add(entry)
      return entry
    } catch (error) {
      await this.#adopt(key)
      throw storeFailure(record.name, error)
    }
  }

  /** Stores a changed record, durably. */
  async update(entry: VolumeEntry, record: VolumeRecord): Promise<void> {
    await this.#put(entry, record, {})
    entry.replace(record)
  }

  /**
   * Stores a record under another name, durably: it has the one name or the other, at every moment.
   *
   * @returns the entry that stands for it from now on; `entry` is gone
   * @throws PouchError `unsupported` with a store that has no atomic batches
   */
  async rename(entry: VolumeEntry, record: VolumeRecord): Promise<VolumeEntry> {
    if (!this.#store.capabilities.atomicBatch) throw noBatches(entry.name)
    const key = keyOfVolume(record.name)
    const unreadable = this.#unreadable.get(key)
    if (unreadable !== undefined) throw unreadable
    const revision = await this.#move(entry, key, record)
    this.#drop(entry)
    const renamed = new VolumeEntry(record, revision)
    this.#add(renamed)
    return renamed
  }

  /** A write of unknown outcome has happened when the new key is there. */
  async #move(entry: VolumeEntry, key: string, record: VolumeRecord): Promise<string> {
    const before = keyOfVolume(entry.name)
    try {
      const known = entry.revision ?? (await this.#store.get(before))?.revision ?? ''
      entry.revision = undefined
      const [, revision] = await this.#store.batch([
        { type: 'delete', key: before, revision: known },
        { type: 'create', key, value: volumeRecords.encode(record) },
      ])
      return revision ?? ''
    } catch (error) {
      const revision = await this.#revisionOf(key)
      if (revision === undefined) throw storeFailure(entry.name, error)
      return revision
    }
  }

  async #revisionOf(key: string): Promise<string | undefined> {
    try {
      return (await this.#store.get(key))?.revision
    } catch (error) {
      this.#log.warn({ key, err: error }, 'the store could not tell whether a record was written')
      return undefined
    }
  }

  /** Makes sure that the store has what the entry says, after a write of unknown outcome: what is done next relies on it. */
  async confirm(entry: VolumeEntry): Promise<void> {
    if (entry.revision === undefined) await this.update(entry, entry.record)
  }

  /** Deletes a record, durably. */
  async delete(entry: VolumeEntry): Promise<void> {
    await this.#erase(entry, {})
    this.#drop(entry)
  }

  /**
   * Changes a record in a way that boot can work out again: it becomes durable with the next write. A store that fails here fails
   * the next write too, and what was done stands: so this never rejects.
   */
  async mark(entry: VolumeEntry, record: VolumeRecord): Promise<void> {
    entry.replace(record)
    await this.#lazily(entry, this.#put(entry, record, { lazy: true }))
  }

  /** Deletes a record whose intent is durable, in the manner of {@link mark}. */
  async forget(entry: VolumeEntry): Promise<void> {
    await this.#lazily(entry, this.#erase(entry, { lazy: true }))
    this.#drop(entry)
  }

  async #lazily(entry: VolumeEntry, write: Promise<void>): Promise<void> {
    try {
      await write
    } catch (error) {
      this.#log.warn({ volume: entry.name, err: error }, 'the store refused a mark that boot can work out again')
    }
  }

  async #put(entry: VolumeEntry, record: VolumeRecord, call: WriteCall): Promise<void> {
    const value = volumeRecords.encode(record)
    await this.#write(entry, (key, revision) =>
      revision === undefined
        ? this.#store.create(key, value, call)
        : this.#store.compareAndSet(key, value, revision, call),
    )
  }

  async #erase(entry: VolumeEntry, call: WriteCall): Promise<void> {
    await this.#write(entry, async (key, revision) => {
      if (revision !== undefined) await this.#store.delete(key, revision, call)
      return undefined
    })
  }

  /** One write at the revision that we know. After a write of unknown outcome the store is asked first what it has, if anything. */
  async #write(
    entry: VolumeEntry,
    write: (key: string, revision?: string) => Promise<string | undefined>,
  ): Promise<void> {
    const key = keyOfVolume(entry.name)
    try {
      const revision = entry.revision ?? (await this.#store.get(key))?.revision
      entry.revision = undefined
      entry.revision = await write(key, revision)
    } catch (error) {
      throw storeFailure(entry.name, error)
    }
  }

  /** A create of unknown outcome: what is in the store after all becomes known, and the next operation on it finishes it. */
  async #adopt(key: string): Promise<void> {
    try {
      const found = await this.#store.get(key)
      if (found === undefined) return
      const entry = new VolumeEntry(volumeRecords.decode(found), found.revision)
      entry.problem = new PouchError('internal', `the store failed while volume ${entry.name} was created`)
      this.#add(entry)
    } catch (error) {
      this.#log.warn({ key, err: error }, 'the store could not tell whether a record was written')
    }
  }

  #add(entry: VolumeEntry): void {
    this.#entries.set(entry.name, entry)
    const { pending } = entry.record
    if (pending?.kind === 'rename') this.#formerNames.set(pending.from, entry)
    const last = this.#ordered.at(-1)
    if (last !== undefined && last.name > entry.name) this.#isOrdered = false
    this.#ordered.push(entry)
  }

  #drop(entry: VolumeEntry): void {
    entry.isGone = true
    this.#entries.delete(entry.name)
    this.#gone += 1
    if (this.#gone > this.#entries.size + 64) this.#compact()
  }

  #compact(): void {
    this.#ordered = this.#ordered.filter((entry) => !entry.isGone)
    this.#gone = 0
  }
}

const byName = (one: VolumeEntry, other: VolumeEntry) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0)

function misplaced(key: string, name: string): PouchError {
  return new PouchError('corrupt', `the stored volume '${key}' says that it is '${name}'; it is left as it is`, {
    subject: key,
  })
}

function noBatches(name: string): PouchError {
  const text = `rename ${name}: it takes a store with atomic batches, and this one has none: use SQLite, or memory`
  return new PouchError('unsupported', text, {
    op: 'volume.rename',
    subject: name,
    details: { capability: 'atomicBatch' },
  })
}

/** What these say is of keys and revisions, not of the volume that a caller knows. */
const storeCodes: readonly ErrorCode[] = ['conflict', 'already-exists', 'not-found']

function storeFailure(name: string, error: unknown): PouchError {
  const { code, message, details } = PouchError.from(error)
  const text = `the record of volume ${name} could not be stored: ${message}`
  const about = { op: 'volume.store', subject: name, details, cause: error }
  return new PouchError(storeCodes.includes(code) ? 'internal' : code, text, about)
}
