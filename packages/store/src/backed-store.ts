import { abortError, PouchError, throwIfAborted } from '@pouch/errors'
import { ChangeFeed } from './change-feed.js'
import { checkKey, checkPrefix, compareKeys } from './key.js'
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
import { PendingChanges } from './pending-changes.js'
import { createRevisions } from './revision.js'
import type { StoreBackend, StoredRecord, StoredRow } from './store-backend.js'
import { Turns } from './turns.js'
import { decodeValue } from './value.js'
import { type PlannedChange, planWrite, prepareOperations } from './write-plan.js'
import { WriteQueue, type WriteTicket } from './write-queue.js'

const pageRows = 128

/**
 * A {@link MetadataStore} over a {@link StoreBackend}: for those who write a store.
 *
 * It keeps the revision of every key in memory (nothing else), so that preconditions are decided before anything is
 * written, in the order of the calls. Writes that wait together are written together, by one call of the backend.
 * When that fails they are tried one by one, so that a write fails only by its own fault.
 */
export class BackedStore implements MetadataStore {
  readonly #backend: StoreBackend
  readonly #revisions = new Map<string, string>()
  readonly #pending = new PendingChanges()
  readonly #feed = new ChangeFeed()
  readonly #turns = new Turns()
  readonly #queue = new WriteQueue((tickets) => this.#turns.take(() => this.#settle(tickets)))
  readonly #nextRevision = createRevisions()
  #closing: Promise<void> | undefined

  constructor(backend: StoreBackend) {
    this.#backend = backend
  }

  /** Reads the keys of a backend, and closes it again when that fails. */
  static async open(backend: StoreBackend): Promise<BackedStore> {
    const store = new BackedStore(backend)
    try {
      for await (const { key, revision } of backend.load()) store.#revisions.set(key, revision)
    } catch (error) {
      await backend.close()
      throw error
    }
    return store
  }

  get capabilities(): StoreCapabilities {
    return this.#backend.capabilities
  }

  async get(key: string, call: StoreCall = {}): Promise<Entry | undefined> {
    checkKey(key, 'store.get')
    this.#checkCall('store.get', call)
    const read = this.#read(key)
    const record = await endWithSignal(read, call.signal, 'store.get')
    return record === undefined ? undefined : this.#toEntry({ key, ...record })
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
   * Runs a task on the backend when nothing else runs there, with every lazy write on the disk: a backup, a check.
   *
   * @throws PouchError `unavailable` when the store is closed
   */
  async exclusive<T>(op: string, task: () => Promise<T>): Promise<T> {
    this.#checkOpen(op)
    return this.#turns.take(async () => {
      await this.#writePending()
      return task()
    })
  }

  async #writeOne(operation: StoreOperation, call: WriteCall, op: string): Promise<string> {
    const [revision] = await this.#write([operation], call, op)
    if (revision === undefined)
      throw new PouchError('internal', `${op}: ${this.#backend.title} gave no revision`, { op })
    return revision
  }

  async #write(operations: readonly StoreOperation[], call: WriteCall, op: string): Promise<(string | undefined)[]> {
    const request = { op, operations: prepareOperations(operations, op), lazy: call.lazy === true }
    this.#checkCall(op, call)
    if (request.operations.length === 0) return []
    if (!request.lazy || !this.#queue.idle || this.#pending.full) return this.#queue.add(request, call.signal)
    const changes = planWrite(request.operations, (key) => this.#revisionOf(key), this.#nextRevision, op)
    this.#accept(changes)
    return revisionsOf(changes)
  }

  /** Writes a group. Runs in a turn of its own; rejects nothing, each ticket gets its outcome. */
  async #settle(tickets: readonly WriteTicket[]): Promise<void> {
    const lazy = this.#pending.snapshot()
    const staged = new Map(lazy)
    const outcomes = tickets.map((ticket) => this.#plan(ticket, staged))
    const mustWrite =
      this.#pending.full || outcomes.some(({ ticket, changes }) => changes !== undefined && !ticket.lazy)
    if (mustWrite) {
      try {
        await this.#writeThrough(staged, lazy)
      } catch (error) {
        return this.#settleFailed(tickets, error)
      }
    }
    for (const { ticket, changes, error } of outcomes) {
      if (changes === undefined) {
        ticket.reject(error)
        continue
      }
      if (mustWrite) this.#feed.publish(changes)
      else this.#accept(changes)
      ticket.resolve(revisionsOf(changes))
    }
  }

  #plan(ticket: WriteTicket, staged: Map<string, StoredRecord | undefined>): Outcome {
    const revisionOf = (key: string) => (staged.has(key) ? staged.get(key)?.revision : this.#revisions.get(key))
    try {
      const changes = planWrite(ticket.operations, revisionOf, this.#nextRevision, ticket.op)
      for (const { key, record } of changes) staged.set(key, record)
      return { ticket, changes, error: undefined }
    } catch (error) {
      return { ticket, changes: undefined, error }
    }
  }

  async #settleFailed(tickets: readonly WriteTicket[], error: unknown): Promise<void> {
    const [only] = tickets
    if (tickets.length === 1 && only !== undefined) {
      const message = `${only.op}: ${this.#backend.title} could not be written`
      return only.reject(PouchError.from(error, { op: only.op, subject: only.operations[0]?.key, message }))
    }
    for (const ticket of tickets) await this.#settle([ticket])
  }

  /** Makes `changes` durable, which cover all of the lazy ones of that moment. */
  async #writeThrough(changes: Changes, lazy: Changes): Promise<void> {
    await this.#backend.write(changes)
    for (const [key, record] of changes) {
      if (record === undefined) this.#revisions.delete(key)
      else this.#revisions.set(key, record.revision)
    }
    this.#pending.settle(lazy)
  }

  async #writePending(): Promise<void> {
    const lazy = this.#pending.snapshot()
    if (lazy.size > 0) await this.#writeThrough(lazy, lazy)
  }

  #accept(changes: readonly PlannedChange[]): void {
    for (const change of changes) this.#pending.add(change)
    this.#feed.publish(changes)
  }

  #revisionOf(key: string): string | undefined {
    return this.#pending.has(key) ? this.#pending.get(key)?.revision : this.#revisions.get(key)
  }

  async #read(key: string): Promise<StoredRecord | undefined> {
    if (this.#pending.has(key)) return this.#pending.get(key)
    if (!this.#revisions.has(key)) return undefined
    return this.#turns.take(async () => (this.#pending.has(key) ? this.#pending.get(key) : this.#backend.read(key)))
  }

  async *#list(prefix: string, call: StoreCall): AsyncGenerator<Entry, void, void> {
    let start = prefix
    let inclusive = true
    for (;;) {
      this.#checkCall('store.list', call)
      const page = this.#turns.take(() => this.#readPage(prefix, start, inclusive))
      const { rows, end } = await endWithSignal(page, call.signal, 'store.list')
      for (const row of rows) {
        this.#checkCall('store.list', call)
        yield this.#toEntry(row)
      }
      if (end === undefined) return
      start = end
      inclusive = false
    }
  }

  async #readPage(prefix: string, start: string, inclusive: boolean): Promise<Page> {
    const rows = await this.#backend.readPage({ prefix, start, inclusive, limit: pageRows })
    const last = rows.at(-1)
    const end = rows.length < pageRows ? undefined : last?.key
    const covers = (key: string) => {
      if (!key.startsWith(prefix)) return false
      const fromStart = compareKeys(key, start)
      return (inclusive ? fromStart >= 0 : fromStart > 0) && (end === undefined || compareKeys(key, end) <= 0)
    }
    const inside = rows.filter((row) => row.key.startsWith(prefix))
    return { rows: this.#pending.over(inside, covers), end: inside.length < rows.length ? undefined : end }
  }

  #toEntry({ key, text, revision }: StoredRow): Entry {
    try {
      return { key, value: decodeValue(text), revision }
    } catch (cause) {
      const message = `${key} in ${this.#backend.title} is not JSON any more; the store sets it aside when it is next opened`
      throw new PouchError('corrupt', message, { op: 'store.get', subject: key, cause })
    }
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
    await this.#queue.drained()
    await this.#turns.take(async () => {
      try {
        await this.#writePending()
      } finally {
        this.#feed.close()
        await this.#backend.close()
      }
    })
  }
}

/** The last state of each key; `undefined` is a key that is deleted. */
type Changes = ReadonlyMap<string, StoredRecord | undefined>

interface Outcome {
  readonly ticket: WriteTicket
  readonly changes: readonly PlannedChange[] | undefined
  readonly error: unknown
}

interface Page {
  readonly rows: readonly StoredRow[]
  /** The last key that the page speaks for; `undefined` when it speaks for all that are left. */
  readonly end: string | undefined
}

function revisionsOf(changes: readonly PlannedChange[]): (string | undefined)[] {
  return changes.map(({ record }) => record?.revision)
}

async function endWithSignal<T>(work: Promise<T>, signal: AbortSignal | undefined, op: string): Promise<T> {
  if (signal === undefined) return work
  let cancel: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(abortError(signal, { op }))
    signal.addEventListener('abort', cancel, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (cancel !== undefined) signal.removeEventListener('abort', cancel)
  }
}
