import { hasCode, PouchError } from '@pouch/errors'
import { type Entry, type MetadataStore, type StoreOperation, storeLimits } from './metadata-store.js'
import { type QuarantinedEntry, quarantineKey, quarantineValue } from './quarantine.js'
import { newerRecord, type RecordType } from './record-type.js'
import type { StoreLog } from './store-log.js'
import { checkSchema, writeSchema } from './store-schema.js'

/** A store that can copy itself into a file. */
export interface BackupStore extends MetadataStore {
  /**
   * Writes a whole and consistent copy.
   *
   * @param path where to; it must not exist. Without it, a name beside the store's own file
   * @returns where the copy is
   */
  backup(path?: string): Promise<string>
}

/** Options of {@link upgradeStore}. */
export interface UpgradeOptions {
  /** Where the backup is to go; without it, where the store puts it. */
  readonly backupPath?: string | undefined
  /** Told what was upgraded and what was set aside. */
  readonly log?: StoreLog | undefined
}

/** What {@link upgradeStore} has done. */
export interface UpgradeReport {
  /** How many records were rewritten. */
  readonly upgraded: number
  /** Records that were damaged. They are under `quarantine/` now, save those too big to be kept there, which stay. */
  readonly quarantined: readonly QuarantinedEntry[]
  /** Where the copy from before is; `undefined` when nothing was upgraded, or the store cannot make one. */
  readonly backupPath: string | undefined
}

/**
 * Brings a store to the versions that this code writes. Run it at boot, before anything reads: it looks at every record,
 * refuses the store when a newer version has written in it, makes a backup when there is something to upgrade, rewrites old
 * records, and sets damaged ones aside. It can be repeated, also after a crash midway.
 *
 * @param records every kind of record that the program uses; keys of other prefixes are left alone
 * @throws PouchError `unsupported` for a newer store, naming record and versions; nothing was changed then
 */
export async function upgradeStore(
  store: MetadataStore,
  records: readonly RecordType<unknown>[],
  options: UpgradeOptions = {},
): Promise<UpgradeReport> {
  checkPrefixes(records)
  const schema = await checkSchema(store, records)
  const survey = await surveyStore(store, records)
  const backupPath = survey.old.length > 0 ? await backUp(store, options) : undefined
  const failed = await rewrite(store, survey.old)
  const quarantined: QuarantinedEntry[] = []
  for (const damaged of [...survey.damaged, ...failed]) quarantined.push(await setAside(store, damaged, options.log))
  await writeSchema(store, records, schema)
  const upgraded = survey.old.length - failed.length
  if (upgraded > 0) options.log?.warn({ upgraded, backupPath }, 'records of an older version were upgraded')
  return { upgraded, quarantined, backupPath }
}

interface OldRecord {
  readonly key: string
  readonly type: RecordType<unknown>
}

interface DamagedRecord {
  readonly entry: Entry
  readonly cause: unknown
}

interface Survey {
  readonly old: readonly OldRecord[]
  readonly damaged: readonly DamagedRecord[]
}

async function surveyStore(store: MetadataStore, records: readonly RecordType<unknown>[]): Promise<Survey> {
  const old: OldRecord[] = []
  const damaged: DamagedRecord[] = []
  for (const type of records) {
    for await (const entry of store.list(type.prefix)) {
      const found = type.inspect(entry.value)
      if (found.state === 'newer') throw newerRecord(type, found.version, entry.key)
      if (found.state === 'old') old.push({ key: entry.key, type })
      if (found.state === 'damaged') damaged.push({ entry, cause: found.cause })
    }
  }
  return { old, damaged }
}

async function backUp(store: MetadataStore, { backupPath, log }: UpgradeOptions): Promise<string | undefined> {
  if ('backup' in store && typeof store.backup === 'function') return (store as BackupStore).backup(backupPath)
  log?.warn({}, 'the store cannot make a backup, and its records are upgraded without one')
  return undefined
}

/** @returns those that could not be rewritten */
async function rewrite(store: MetadataStore, old: readonly OldRecord[]): Promise<DamagedRecord[]> {
  const failed: DamagedRecord[] = []
  for (let from = 0; from < old.length; from += storeLimits.batchOperations) {
    const entries = await readAll(store, old.slice(from, from + storeLimits.batchOperations))
    const updates = entries.map(({ entry, type }) => toUpdate(entry, type))
    try {
      await store.batch(updates)
    } catch (error) {
      if (!hasCode(error, 'invalid-argument')) throw error
      failed.push(...(await rewriteSingly(store, entries, updates)))
    }
  }
  return failed
}

/** For a batch with a record that cannot be stored once it is upgraded: past the limit of a value, or not JSON. */
async function rewriteSingly(
  store: MetadataStore,
  entries: readonly { readonly entry: Entry }[],
  updates: readonly StoreOperation[],
): Promise<DamagedRecord[]> {
  const failed: DamagedRecord[] = []
  for (const [index, { entry }] of entries.entries()) {
    try {
      await store.batch(updates.slice(index, index + 1))
    } catch (cause) {
      if (!hasCode(cause, 'invalid-argument')) throw cause
      failed.push({ entry, cause })
    }
  }
  return failed
}

async function readAll(
  store: MetadataStore,
  old: readonly OldRecord[],
): Promise<{ entry: Entry; type: RecordType<unknown> }[]> {
  const found = await Promise.all(old.map(async ({ key, type }) => ({ entry: await store.get(key), type })))
  return found.flatMap(({ entry, type }) => (entry === undefined ? [] : [{ entry, type }]))
}

function toUpdate(entry: Entry, type: RecordType<unknown>): StoreOperation {
  return { type: 'update', key: entry.key, value: type.encode(type.decode(entry)), revision: entry.revision }
}

async function setAside(store: MetadataStore, damaged: DamagedRecord, log?: StoreLog): Promise<QuarantinedEntry> {
  const { key, value, revision } = damaged.entry
  const reason = damaged.cause instanceof Error ? damaged.cause.message : String(damaged.cause)
  const quarantined = { key, reason, content: value, at: new Date().toISOString() }
  const place = quarantineKey(quarantined)
  try {
    const there = await store.get(place)
    const kept: StoreOperation[] =
      there === undefined ? [{ type: 'create', key: place, value: quarantineValue(quarantined) }] : []
    await store.batch([...kept, { type: 'delete', key, revision }])
    log?.warn({ key, place, reason }, 'a damaged record was set aside')
  } catch (error) {
    if (!hasCode(error, 'invalid-argument')) throw error
    log?.warn({ key, reason }, 'a damaged record is too big to be set aside; it stays where it is')
  }
  return quarantined
}

function checkPrefixes(records: readonly RecordType<unknown>[]): void {
  for (const [index, record] of records.entries()) {
    const other = records.find((each, at) => at !== index && each.prefix.startsWith(record.prefix))
    if (other === undefined) continue
    const message = `the records ${record.name} and ${other.name} cannot be told apart: ${other.prefix} is inside ${record.prefix}`
    throw new PouchError('invalid-argument', message, { op: 'store.upgrade', subject: record.name })
  }
}
