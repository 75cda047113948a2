import { PouchError, throwIfAborted } from '@pouch/errors'
import { ChangeFeed } from './change-feed.js'
import { endWithSignal } from './end-with-signal.js'
import { checkKey, checkPrefix, compareKeys } from './key.js'
import { type LoadedStore, loadStore } from './load-store.js'
import type {
  Change,
  Entry,
  JsonValue,
  MetadataStore,
  StoreCall,
  StoreCapabilities,
  StoreOperation,
  WriteCall,
} from './metadata-store.js'
import type { QuarantinedEntry } from './quarantine.js'
import { createRevisions } from './revision.js'
import type { PageRequest, StoreBackend, StoredRow } from './store-backend.js'
import type { StoreLog } from './store-log.js'
import { StoreWriter } from './store-writer.js'
import { decodeStored } from './stored-text.js'
import { Turns } from './turns.js'
import { prepareOperations } from './write-plan.js'

/** A page of a list: short ones are answered with little, and of a long one most comes in few. */
const firstPageRows = 128
const mostPageRows = 4096

/**
 * A {@link MetadataStore} over a {@link StoreBackend}: for those who write a store.
 *
 * It keeps the revision of every key in memory (nothing else), so that preconditions are decided before anything is
 * written, in the order of the calls. Writes that wait together are written together, by one call of the backend.
 * When that fails they are tried one by one, so that a write fails only by its own fault.
 */
export class BackedStore implements MetadataStore {
  /** What was set aside when the store was opened. */
  readonly quarantined: readonly QuarantinedEntry[]
  readonly #backend: StoreBackend
  readonly #log: StoreLog | undefined
  readonly #feed = new ChangeFeed()
  readonly #turns = new Turns()
  readonly #writer: StoreWriter
  #closing: Promise<void> | undefined

  private constructor(backend: StoreBackend, loaded: LoadedStore, nextRevision: () => string, log?: StoreLog) {
    this.#backend = backend
    this.#log = log
    this.quarantined = loaded.quarantined
    const { revisions } = loaded
    const onLazyFailure = (error: unknown) =>
      log?.warn({ err: error }, `${backend.title} could not be written; what waits is tried again with the next write`)
    const onFailure = (failure: PouchError) =>
      log?.warn({ err: failure }, `${backend.title} has failed and takes no more writes until it is opened again`)
    const parts = { backend, revisions, nextRevision, feed: this.#feed, turns: this.#turns, onLazyFailure, onFailure }
    this.#writer = new StoreWriter(parts)
  }

  /** A store over a backend that has nothing in it and needs no loading. */
  static over(backend: StoreBackend): BackedStore {
    return new BackedStore(backend, { revisions: new Map(), quarantined: [] }, createRevisions())
  }

  /**
   * Reads the keys of a backend and sets damaged entries aside. Closes the backend again when that fails.
   *
   * @param log told what was set aside
   */
  static async open(backend: StoreBackend, log?: StoreLog): Promise<BackedStore> {
    const nextRevision = createRevisions()
    try {
      return new BackedStore(backend, await loadStore(backend, nextRevision, log), nextRevision, log)
    } catch (error) {
      await backend.close()
      throw error
    }
  }

  get capabilities(): StoreCapabilities {
    return this.#backend.capabilities
  }

  async get(key: string, call: StoreCall = {}): Promise<Entry | undefined> {
    checkKey(key, 'store.get')
    this.#checkCall('store.get', call)
    if (this.#writer.revisionOf(key) === undefined) return undefined
    const row = await endWithSignal(this.#read(key), call.signal, 'store.get')
    if (row === undefined) return undefined
    const entry = decodeStored(key, row.stored)
    if (entry !== undefined) return entry
    const message = `${key} in ${this.#backend.title} is damaged; the store sets it aside when it is next opened`
    throw new PouchError('corrupt', message, { op: 'store.get', subject: key })
  }

  list(prefix: string, call: StoreCall = {}): AsyncIterable<Entry> {
    checkPrefix(prefix, 'store.list')
    return this.#list(prefix, call)
  }

  async create(key: string, value: JsonValue, call: WriteCall = {}): Promise<string> {
    return this.#writeOne({ type: 'create', key, value }, call, 'store.create')
  }

  async compareAndSet(key: string, value: JsonValue, revision: string, call: WriteCall = {}): Promise<string> {
    return this.#writeOne({ type: 'update', key, value, revision }, call, 'store.compareAndSet')
  }

  async delete(key: string, revision: string, call: WriteCall = {}): Promise<void> {
    await this.#write([{ type: 'delete', key, revision }], call, 'store.delete')
  }

  async batch(operations: readonly StoreOperation[], call: WriteCall = {}): Promise<(string | undefined)[]> {
    return this.#write(operations, call, 'store.batch')
  }

  watch(prefix: string, call: StoreCall = {}): AsyncIterable<Change> {
    checkPrefix(prefix, 'store.watch')
    this.#checkOpen('store.watch')
    return this.#feed.watch(prefix, call.signal)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /**
   * Runs a task on the backend when nothing else runs there, with every lazy write on the disk (if it can still be written): a backup, a check.
   *
   * @throws PouchError `unavailable` when the store is closed
   */
  async exclusive<T>(op: string, task: () => Promise<T>): Promise<T> {
    this.#checkOpen(op)
    return this.#turns.take(async () => {
      // One that has failed can still be read, and a copy of it is worth all the more.
      if (!this.#writer.hasFailed) await this.#writer.writePending()
      return task()
    })
  }

  async #writeOne(operation: StoreOperation, call: WriteCall, op: string): Promise<string> {
    const [revision] = await this.#write([operation], call, op)
    if (revision === undefined) throw new PouchError('internal', `${op}: no revision was made`, { op })
    return revision
  }

  async #write(operations: readonly StoreOperation[], call: WriteCall, op: string): Promise<(string | undefined)[]> {
    const request = { op, operations: prepareOperations(operations, op), lazy: call.lazy === true }
    this.#checkCall(op, call)
    return this.#writer.write(request, call.signal)
  }

  #read(key: string): Promise<StoredRow | undefined> {
    return this.#turns.take(async () => {
      if (this.#writer.revisionOf(key) === undefined) return undefined
      return { key, stored: this.#writer.pending.get(key)?.stored ?? (await this.#backend.read(key)) }
    })
  }

  async *#list(prefix: string, call: StoreCall): AsyncGenerator<Entry, void, void> {
    let limit = firstPageRows
    let next: Promise<Page> | undefined = this.#pageOf(prefix, { start: prefix, inclusive: true, limit })
    while (next !== undefined) {
      this.#checkCall('store.list', call)
      const { rows, end }: Page = await endWithSignal(next, call.signal, 'store.list')
      limit = Math.min(mostPageRows, limit * 2)
      // Read while this one is looked at.
      next = end === undefined ? undefined : this.#pageOf(prefix, { start: end, inclusive: false, limit })
      yield* this.#entriesOf(rows, call)
    }
  }

  *#entriesOf(rows: readonly StoredRow[], call: StoreCall): Generator<Entry, void, void> {
    for (const row of rows) {
      this.#checkCall('store.list', call)
      const entry = decodeStored(row.key, row.stored)
      if (entry !== undefined) yield entry
      else
        this.#log?.warn({ key: row.key }, `an entry of ${this.#backend.title} is damaged and was left out of a listing`)
    }
  }

  #pageOf(prefix: string, from: Omit<PageRequest, 'prefix'>): Promise<Page> {
    const page = this.#turns.take(() => this.#readPage({ ...from, prefix }))
    // A reader that stops early never asks for it; one that goes on gets its failure.
    page.catch(() => undefined)
    return page
  }

  async #readPage(request: PageRequest): Promise<Page> {
    const { prefix, start, inclusive, limit } = request
    const rows = await this.#backend.readPage(request)
    const end = rows.length < limit ? undefined : rows.at(-1)?.key
    const covers = (key: string) => {
      if (!key.startsWith(prefix)) return false
      const fromStart = compareKeys(key, start)
      return (inclusive ? fromStart >= 0 : fromStart > 0) && (end === undefined || compareKeys(key, end) <= 0)
    }
    const inside = rows.filter((row) => row.key.startsWith(prefix))
    return { rows: this.#writer.pending.over(inside, covers), end: inside.length < rows.length ? undefined : end }
  }

  #checkCall(op: string, call: StoreCall): void {
    this.#checkOpen(op)
    throwIfAborted(call.signal, { op })
  }

  #checkOpen(op: string): void {
    if (this.#closing === undefined) return
    throw new PouchError('unavailable', `${op}: ${this.#backend.title} is closed`, { op })
  }

  async #close(): Promise<void> {
    await this.#writer.drained()
    await this.#turns.take(async () => {
      try {
        await this.#writer.writePending()
      } finally {
        this.#feed.close()
        await this.#backend.close()
      }
    })
  }
}

interface Page {
  readonly rows: readonly StoredRow[]
  /** The last key that the page speaks for; `undefined` when it speaks for all that are left. */
  readonly end: string | undefined
}
