import { PouchError } from '@pouch/errors'
import type { Entry, JsonValue, MetadataStore } from './metadata-store.js'
import { newerRecord, type RecordType } from './record-type.js'

/** Where a store says who has written it. */
export const schemaKey = 'store/schema'

/** The number of how entries are laid out as a whole: the reserved keys, the shape of a record. */
export const schemaVersion = 1

/** What is stored under {@link schemaKey}. */
interface StoreSchema {
  readonly version: number
  /** The version of each kind of record. */
  readonly records: Readonly<Record<string, number>>
}

/**
 * Refuses a store that a newer version has written.
 *
 * @returns what says so, to be handed to {@link writeSchema}
 * @throws PouchError `unsupported` naming what is newer
 */
export async function checkSchema(
  store: MetadataStore,
  records: readonly RecordType<unknown>[],
): Promise<Entry | undefined> {
  const entry = await store.get(schemaKey)
  if (entry === undefined) return undefined
  const schema = toSchema(entry.value)
  if (schema.version > schemaVersion)
    throw newerRecord({ name: 'store', version: schemaVersion }, schema.version, schemaKey)
  for (const record of records) {
    const stored = schema.records[record.name] ?? 0
    if (stored > record.version) throw newerRecord(record, stored, schemaKey)
  }
  return entry
}

/** Says that the store is of this version now. Writes nothing when it says so already. */
export async function writeSchema(
  store: MetadataStore,
  records: readonly RecordType<unknown>[],
  entry: Entry | undefined,
): Promise<void> {
  const before = entry === undefined ? {} : toSchema(entry.value).records
  const now = { ...before, ...Object.fromEntries(records.map(({ name, version }) => [name, version])) }
  const value: JsonValue = { version: schemaVersion, records: now }
  if (entry === undefined) await store.create(schemaKey, value)
  else if (Object.entries(now).some(([name, version]) => before[name] !== version)) {
    await store.compareAndSet(schemaKey, value, entry.revision)
  }
}

function toSchema(value: JsonValue): StoreSchema {
  const { version, records } = (value ?? {}) as { version?: JsonValue; records?: JsonValue }
  const isTable = typeof records === 'object' && records !== null && !Array.isArray(records)
  if (typeof version === 'number' && isTable && Object.values(records).every((each) => typeof each === 'number')) {
    return { version, records: records as Readonly<Record<string, number>> }
  }
  const message = `${schemaKey} does not say which version has written this store; restore a backup, or delete the key to go on`
  throw new PouchError('corrupt', message, { op: 'store.upgrade', subject: schemaKey })
}
