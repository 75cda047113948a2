import type { PouchError } from '@pouch/errors'
import type { StoreCapabilities } from './metadata-store.js'

/**
 * What a {@link BackedStore} keeps its entries in: a map, a Keyv adapter, an SQLite file. It knows keys and texts, and
 * nothing of what the texts mean.
 *
 * The store does everything that is the same for all: it checks arguments and preconditions, orders and groups writes,
 * holds lazy ones back, tells watchers. It calls `load` once and first, `close` once and last, and makes no call before the
 * one before has ended. So a backend needs no locks.
 */
export interface StoreBackend {
  /** What it is, for messages: `the SQLite store /var/lib/pouch/state.db`. */
  readonly title: string
  readonly capabilities: StoreCapabilities
  /**
   * Why nothing may be written any more, once a write has failed in a way after which the backend cannot know what is on the disk: a failed
   * fsync. The store then refuses every write until it is opened anew; it can still be read.
   */
  readonly failure?: PouchError | undefined
  /** Every key, in any order, with the revision in its text; `undefined` when the text is damaged. */
  load(): AsyncIterable<{ readonly key: string; readonly revision: string | undefined }>
  /** What is stored under a key: the text, or whatever damage made of it. */
  read(key: string): Promise<unknown>
  /**
   * Up to `limit` rows in ascending byte order of their keys, from `start` on (`start` itself only when `inclusive`).
   * It may stop at the first key without the prefix; fewer than `limit` rows mean that there are no more.
   */
  readPage(page: PageRequest): Promise<StoredRow[]>
  /** Stores (or, for `undefined`, deletes) all of the keys or none, and resolves when that is durable. */
  write(changes: ReadonlyMap<string, string | undefined>): Promise<void>
  close(): Promise<void>
}

/** A key and what is stored under it. */
export interface StoredRow {
  readonly key: string
  readonly stored: unknown
}

/** Which part of the keys a page covers. */
export interface PageRequest {
  readonly prefix: string
  readonly start: string
  readonly inclusive: boolean
  readonly limit: number
}
