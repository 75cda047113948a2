/**
 * The metadata store: where an engine keeps what it must not lose.
 *
 * The engine reads at boot with {@link MetadataStore.list} and holds what it read in memory; while it runs it mostly
 * writes. A write resolves when it is durable. Every entry carries a revision, an opaque string that changes with each
 * write; an update or delete names the revision it replaces, so that two writers never overwrite each other unseen.
 * {@link MetadataStore.batch} is all or nothing. A write marked `lazy` is ordered with the others and visible at once, but
 * rides to the disk with the next write that is not lazy (or after a moment, or on close): it is for marks that boot can work out again.
 *
 * Any number of calls may be in flight; writes to one key take effect in the order in which they were called.
 */
export interface MetadataStore {
  readonly capabilities: StoreCapabilities

  /** @returns the entry, or `undefined` when there is none */
  get(key: string, call?: StoreCall): Promise<Entry | undefined>

  /** The entries whose key starts with `prefix`, in ascending byte order of their keys. Never holds them all in memory. */
  list(prefix: string, call?: StoreCall): AsyncIterable<Entry>

  /** Stores a new key. @returns its revision @throws PouchError `already-exists` */
  create(key: string, value: JsonValue, call?: WriteCall): Promise<string>

  /** Replaces the value of a key that still has `revision`. @returns the new revision @throws PouchError `conflict` */
  compareAndSet(key: string, value: JsonValue, revision: string, call?: WriteCall): Promise<string>

  /** Deletes a key that still has `revision`. @throws PouchError `conflict`, also when it is gone */
  delete(key: string, revision: string, call?: WriteCall): Promise<void>

  /**
   * Does up to {@link storeLimits.batchOperations} operations on different keys, all or none.
   *
   * @returns the new revision of each operation, in order; `undefined` for a delete
   * @throws PouchError `conflict` or `already-exists` naming the key; nothing was written then
   */
  batch(operations: readonly StoreOperation[], call?: WriteCall): Promise<(string | undefined)[]>

  /** Changes under `prefix` from now on, until the signal fires or the store closes. */
  watch(prefix: string, call?: StoreCall): AsyncIterable<Change>

  /** Finishes what was called, makes lazy writes durable, and lets go of everything. May be called twice. */
  close(): Promise<void>
}

/** What a store can promise. An engine refuses a store that cannot do what it needs, by name. */
export interface StoreCapabilities {
  /** Compare-and-set holds against every writer that the store allows. */
  readonly compareAndSet: boolean
  /** A batch is all or nothing, also when the process dies midway. */
  readonly atomicBatch: boolean
  readonly watch: boolean
  /** Keys that vanish when their holder does. */
  readonly leases: boolean
  /** Several processes or hosts may use one store at a time. */
  readonly shared: boolean
  /** An acknowledged write survives the end of the process. */
  readonly durable: boolean
}

/** A value that JSON keeps as it is. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** A stored key. The value is a copy: changing it changes nothing. */
export interface Entry {
  readonly key: string
  readonly value: JsonValue
  readonly revision: string
}

/** One step of a {@link MetadataStore.batch}. */
export type StoreOperation =
  | { readonly type: 'create'; readonly key: string; readonly value: JsonValue }
  | { readonly type: 'update'; readonly key: string; readonly value: JsonValue; readonly revision: string }
  | { readonly type: 'delete'; readonly key: string; readonly revision: string }

/** A change seen by {@link MetadataStore.watch}; `entry` is absent when the key was deleted. */
export interface Change {
  readonly key: string
  readonly entry: Entry | undefined
}

/** Options of a read. */
export interface StoreCall {
  /** Ends the wait. A write whose signal fires may still have happened. */
  readonly signal?: AbortSignal | undefined
}

/** Options of a write. */
export interface WriteCall extends StoreCall {
  /** Resolve when ordered and visible; durable with the next write that is not lazy, within a second at most. */
  readonly lazy?: boolean | undefined
}

/** The bounds that every store keeps; past them a call is `invalid-argument`. */
export const storeLimits = Object.freeze({ keyBytes: 256, valueBytes: 512 * 1024, batchOperations: 100 })
