import { PouchError } from '@pouch/errors'
import type { Entry, JsonValue } from './metadata-store.js'

/** What {@link defineRecord} needs to know of a kind of record. */
export interface RecordDefinition<T> {
  /** For messages and for the store: `volume`. */
  readonly name: string
  /** What the keys of these records start with, and no other key does: `volume/`. */
  readonly prefix: string
  /** The version that this code writes; from 1 on. */
  readonly version: number
  /** For each older version, what makes its data that of the next one. Pure, and it may throw on data that makes no sense. */
  readonly upgrades?: Readonly<Record<number, (data: JsonValue) => JsonValue>> | undefined
  /** Checks data of the current version. Throws when it is not a record. */
  validate(data: JsonValue): T
}

/** What became of a stored record that was looked at. */
export type RecordState<T> =
  | { readonly state: 'current' | 'old'; readonly data: T }
  | { readonly state: 'newer'; readonly version: number }
  | { readonly state: 'damaged'; readonly cause: unknown }

/**
 * A kind of record with a version in each: what is stored is `{ record, version, data }`.
 *
 *     const volumes = defineRecord({ name: 'volume', prefix: 'volume/', version: 1, validate: toVolume })
 *     await store.create(`volume/${name}`, volumes.encode(volume))
 *     const volume = volumes.decode(await store.get(`volume/${name}`))
 *
 * @throws PouchError `invalid-argument` when an upgrade is missing
 */
export function defineRecord<T>(definition: RecordDefinition<T>): RecordType<T> {
  const { name, version, upgrades = {} } = definition
  if (!Number.isSafeInteger(version) || version < 1)
    throw unfit(name, `its version ${version} is not a whole number from 1 on`)
  for (let from = 1; from < version; from += 1) {
    if (!Object.hasOwn(upgrades, from)) throw unfit(name, `nothing upgrades version ${from} to ${from + 1}`)
  }
  return new RecordType(definition)
}

/** See {@link defineRecord}. */
export class RecordType<T> {
  readonly name: string
  readonly prefix: string
  readonly version: number
  readonly #definition: RecordDefinition<T>

  constructor(definition: RecordDefinition<T>) {
    this.name = definition.name
    this.prefix = definition.prefix
    this.version = definition.version
    this.#definition = definition
  }

  /** The value to store. The store refuses data that JSON would change. */
  encode(data: T): JsonValue {
    return { record: this.name, version: this.version, data: data as JsonValue }
  }

  /**
   * The data of a stored record, upgraded when it is older.
   *
   * @throws PouchError `unsupported` when a newer version wrote it, `corrupt` when it is damaged
   */
  decode(entry: Entry): T {
    const found = this.inspect(entry.value)
    if (found.state === 'newer') throw newerRecord(this, found.version, entry.key)
    if (found.state !== 'damaged') return found.data
    const message = `${entry.key} is not a ${this.name} record: ${textOf(found.cause)}`
    throw new PouchError('corrupt', message, { op: 'record.decode', subject: entry.key, cause: found.cause })
  }

  /** Looks at a stored value without throwing. */
  inspect(value: JsonValue): RecordState<T> {
    try {
      const { version, data } = this.#open(value)
      if (version > this.version) return { state: 'newer', version }
      return {
        state: version < this.version ? 'old' : 'current',
        data: this.#definition.validate(this.#upgrade(data, version)),
      }
    } catch (cause) {
      return { state: 'damaged', cause }
    }
  }

  #open(value: JsonValue): { version: number; data: JsonValue } {
    const { record, version, data } = (value ?? {}) as { record?: JsonValue; version?: JsonValue; data?: JsonValue }
    if (record !== this.name) throw new TypeError(`it says that it is ${JSON.stringify(record ?? null)}`)
    if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
      throw new TypeError('it has no version')
    if (data === undefined) throw new TypeError('it has no data')
    return { version, data }
  }

  #upgrade(data: JsonValue, from: number): JsonValue {
    let upgraded = data
    for (let version = from; version < this.version; version += 1) {
      const upgrade = this.#definition.upgrades?.[version]
      if (upgrade === undefined) throw new TypeError(`nothing upgrades version ${version}`)
      upgraded = upgrade(upgraded)
    }
    return upgraded
  }
}

/** The refusal of what a newer version has written. */
export function newerRecord(
  type: Pick<RecordType<unknown>, 'name' | 'version'>,
  version: number,
  key: string,
): PouchError {
  const message =
    `${key}: this store holds ${type.name} records of version ${version}, and this Pouch knows them up to ${type.version}: ` +
    'it was written by a newer version. Run that version, or restore the backup that it made before it upgraded'
  const details = { record: type.name, version, known: type.version }
  return new PouchError('unsupported', message, { op: 'record.decode', subject: key, details })
}

function unfit(name: string, why: string): PouchError {
  return new PouchError('invalid-argument', `the record ${name} cannot be defined: ${why}`, {
    op: 'record.define',
    subject: name,
  })
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
