import { hasCode, PouchError } from '@pouch/errors'
import type { JsonValue, MetadataStore } from '@pouch/store'
import { type ContainerRecord, fromStored, toStored } from './container-record.js'
import type { Logger } from './sources.js'

const recordPrefix = 'container/'
const namePrefix = 'container-name/'

/** The records of containers and the index of their names, both in the metadata store. One writer per container. */
export class ContainerStore {
  readonly #store: MetadataStore
  readonly #log: Logger
  readonly #revisions = new Map<string, string>()
  readonly #nameRevisions = new Map<string, string>()

  constructor(store: MetadataStore, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /**
   * Reads all records and puts the index of names right. A record that cannot be read is reported and left where it is.
   *
   * @throws PouchError `unsupported` when a record is of a newer version
   */
  async load(): Promise<ContainerRecord[]> {
    const records: ContainerRecord[] = []
    for await (const { key, value, revision } of this.#store.list(recordPrefix)) {
      try {
        const record = fromStored(key, value)
        this.#revisions.set(record.id, revision)
        records.push(record)
      } catch (error) {
        if (!hasCode(error, 'corrupt')) throw error
        this.#log.error({ err: error, key }, 'a container record cannot be read and is set aside')
      }
    }
    await this.#repairNames(records)
    return records
  }

  /** Stores a new container and its name, both or none. @throws PouchError `already-exists` when the name is taken */
  async create(record: ContainerRecord): Promise<void> {
    const [revision, nameRevision] = await this.#store.batch([
      { type: 'create', key: recordPrefix + record.id, value: toStored(record) },
      { type: 'create', key: namePrefix + record.name, value: record.id },
    ])
    this.#remember(record, revision, nameRevision)
  }

  /** Replaces a record. `lazy`: on disk with the next write; boot can work it out again. */
  async save(record: ContainerRecord, options: { readonly lazy?: boolean } = {}): Promise<void> {
    const revision = await this.#store.compareAndSet(
      recordPrefix + record.id,
      toStored(record),
      this.#revision(record.id),
      options,
    )
    this.#revisions.set(record.id, revision)
  }

  /** Replaces a record that has a new name. @throws PouchError `already-exists` when the name is taken */
  async rename(record: ContainerRecord, oldName: string): Promise<void> {
    const [revision, nameRevision] = await this.#store.batch([
      { type: 'update', key: recordPrefix + record.id, value: toStored(record), revision: this.#revision(record.id) },
      { type: 'create', key: namePrefix + record.name, value: record.id },
      { type: 'delete', key: namePrefix + oldName, revision: this.#nameRevisions.get(oldName) ?? '' },
    ])
    this.#nameRevisions.delete(oldName)
    this.#remember(record, revision, nameRevision)
  }

  /** Deletes a record and its name. `lazy`: on disk with the next write. */
  async delete({ id, name }: ContainerRecord, options: { readonly lazy?: boolean } = {}): Promise<void> {
    await this.#store.batch(
      [
        { type: 'delete', key: recordPrefix + id, revision: this.#revision(id) },
        { type: 'delete', key: namePrefix + name, revision: this.#nameRevisions.get(name) ?? '' },
      ],
      options,
    )
    this.#revisions.delete(id)
    this.#nameRevisions.delete(name)
  }

  async #repairNames(records: readonly ContainerRecord[]): Promise<void> {
    const owners = new Map(records.map(({ name, id }) => [name, id]))
    for await (const { key, value, revision } of this.#store.list(namePrefix)) {
      const name = key.slice(namePrefix.length)
      if (owners.get(name) === value) this.#nameRevisions.set(name, revision)
      else await this.#dropName(key, value, revision)
    }
    for (const [name, id] of owners) {
      if (this.#nameRevisions.has(name)) continue
      this.#log.warn({ container: id, name }, 'the name of a container was missing in the index; it was put back')
      this.#nameRevisions.set(name, await this.#store.create(namePrefix + name, id))
    }
  }

  async #dropName(key: string, value: JsonValue, revision: string): Promise<void> {
    this.#log.warn({ key, container: value }, 'a name of no container was removed from the index')
    await this.#store.delete(key, revision)
  }

  #remember(record: ContainerRecord, revision: string | undefined, nameRevision: string | undefined): void {
    if (revision === undefined || nameRevision === undefined) {
      throw new PouchError('internal', 'the store gave no revision for a write', {
        op: 'container.store',
        subject: record.id,
      })
    }
    this.#revisions.set(record.id, revision)
    this.#nameRevisions.set(record.name, nameRevision)
  }

  #revision(id: string): string {
    const revision = this.#revisions.get(id)
    if (revision !== undefined) return revision
    throw new PouchError('not-found', `No such container: ${id}`, { op: 'container.store', subject: id })
  }
}
