import { PouchError } from '@pouch/errors'
import type { KeyvStoreAdapter } from 'keyv'
import { BackedStore } from './backed-store.js'
import { KeyvBackend } from './keyv-backend.js'
import { claimAdapter } from './keyv-claim.js'
import { KeyvTable } from './keyv-table.js'
import type { MetadataStore } from './metadata-store.js'
import type { QuarantinedEntry } from './quarantine.js'
import type { StoreLog } from './store-log.js'

/** Options of {@link keyvStore}. */
export interface KeyvStoreOptions {
  /** Any Keyv adapter that can iterate, or a Map. It is the store's from now on, and `close` disconnects it. */
  readonly adapter: KeyvStoreAdapter | Map<unknown, unknown>
  /** What the keys start with, before a colon: lower-case letters, digits and `-`. Default `pouch`. */
  readonly namespace?: string | undefined
  /** Whether what the adapter has acknowledged outlives the process; the adapter cannot say. Default false. */
  readonly durable?: boolean | undefined
  /** Told what is wrong with stored entries, and what the adapter fails at that nobody waits for. */
  readonly log?: StoreLog | undefined
}

/** A store over a Keyv adapter. */
export interface KeyvStore extends MetadataStore {
  /** The damaged entries that were set aside when the store was opened. */
  readonly quarantined: readonly QuarantinedEntry[]
}

/**
 * A store over any Keyv adapter, for one process at a time: Keyv has no compare-and-set and no transactions, so the store
 * decides both in memory, and writes down what a batch is to change before it changes it. A batch that a crash cut short is
 * finished when the store is next opened.
 *
 * @throws PouchError `invalid-argument`; `in-use` when this process has a store over the adapter and namespace already;
 * `unsupported` when the adapter cannot iterate over its keys
 */
export async function keyvStore(options: KeyvStoreOptions): Promise<KeyvStore> {
  const { adapter, namespace = 'pouch', durable = false, log } = options
  if (!/^[a-z0-9-]+$/.test(namespace)) {
    const message = `keyvStore: the namespace ${JSON.stringify(namespace)} has other characters than a-z, 0-9 and -`
    throw new PouchError('invalid-argument', message, { op: 'store.open', subject: namespace })
  }
  const table = new KeyvTable(adapter, namespace)
  const release = claimAdapter(adapter, namespace)
  return BackedStore.open(new KeyvBackend({ table, namespace, durable, log, release }), log)
}
