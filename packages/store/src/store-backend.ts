import type { StoreCapabilities } from './metadata-store.js'

/**
 * What a {@link BackedStore} keeps its entries in: a map, a Keyv adapter, an SQLite file.
 *
 * The store does everything that is the same for all: it checks arguments and preconditions, orders and groups writes,
 * holds lazy ones back, tells watchers. It calls `load` once and first, `close` once and last, and never makes a call before the
 * one before has ended. So a backend needs no locks.
 */
export interface StoreBackend {
  /** What it is, for messages: `the SQLite store /var/lib/pouch/state.db`. */
  readonly title: string
  readonly capabilities: StoreCapabilities
  /** Every key and its revision, in any order. What cannot be read is set aside here, and is not among them. */
  load(): AsyncIterable<{ readonly key: string; readonly revision: string }>
  /** @returns what is stored, or `undefined` */
  read(key: string): Promise<StoredRecord | undefined>
  /**
   * Up to `limit` records in ascending byte order of their keys, from `start` on (`start` itself only when `inclusive`).
   * It may stop at the first key without the prefix; fewer than `limit` records mean that there are no more.
   */
  readPage(page: PageRequest): Promise<StoredRow[]>
  /** Makes all of the changes or none, and resolves when they are durable. Each key comes once. */
  write(changes: ReadonlyMap<string, StoredRecord | undefined>): Promise<void>
  close(): Promise<void>
}

/** An entry as a backend keeps it: `text` is the JSON of the value. */
export interface StoredRecord {
  readonly revision: string
  readonly text: string
}

/** A record with its key. */
export interface StoredRow extends StoredRecord {
  readonly key: string
}

/** Which part of the keys a page covers. */
export interface PageRequest {
  readonly prefix: string
  readonly start: string
  readonly inclusive: boolean
  readonly limit: number
}
