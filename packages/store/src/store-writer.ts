import { PouchError } from '@pouch/errors'
import type { ChangeFeed } from './change-feed.js'
import { PendingChanges } from './pending-changes.js'
import type { StoreBackend } from './store-backend.js'
import type { Turns } from './turns.js'
import { type PlannedChange, planWrite, type StoredRecord } from './write-plan.js'
import { WriteQueue, type WriteRequest, type WriteTicket } from './write-queue.js'

/** What a {@link StoreWriter} works with. */
export interface StoreWriterParts {
  readonly backend: StoreBackend
  /** The revision of each key that the backend has; the writer keeps it up. */
  readonly revisions: Map<string, string>
  readonly nextRevision: () => string
  readonly feed: ChangeFeed
  readonly turns: Turns
  /** Told when lazy writes could not be written on their own; they ride with the next write then. */
  readonly onLazyFailure?: (error: unknown) => void
  /** Told once, when the backend has failed for good. */
  readonly onFailure?: (failure: PouchError) => void
}

/** How long a lazy write waits for another one to ride with. Boot can work it out again; this bounds what it has to. */
const lazyDelayMs = 500

/**
 * The writing half of a store: decides preconditions in the order of the calls, writes what waits in groups, and holds
 * lazy writes back until something else is written, or for a moment.
 */
export class StoreWriter {
  /** The lazy writes that are not on the disk yet. */
  readonly pending = new PendingChanges()
  readonly #parts: StoreWriterParts
  readonly #queue: WriteQueue
  #timer: NodeJS.Timeout | undefined

  constructor(parts: StoreWriterParts) {
    this.#parts = parts
    this.#queue = new WriteQueue((tickets) => parts.turns.take(() => this.#settle(tickets)))
  }

  /** The revision of a key as everyone sees it; `undefined` when there is no such key. */
  revisionOf(key: string): string | undefined {
    return this.pending.has(key) ? this.pending.get(key)?.revision : this.#parts.revisions.get(key)
  }

  /** Does what is asked. @returns the revision of each operation, `undefined` for a delete */
  async write(request: WriteRequest, signal: AbortSignal | undefined): Promise<(string | undefined)[]> {
    if (request.operations.length === 0) return []
    this.#checkWritable(request.op)
    if (!request.lazy || !this.#queue.idle || this.pending.full) return this.#queue.add(request, signal)
    const { operations, op } = request
    const changes = planWrite(operations, (key) => this.revisionOf(key), this.#parts.nextRevision, op)
    this.#accept(changes)
    return revisionsOf(changes)
  }

  /** Makes lazy writes durable. Only in a turn. */
  async writePending(): Promise<void> {
    const lazy = this.pending.snapshot()
    if (lazy.size === 0) return
    this.#checkWritable('store.write')
    await this.#writeThrough(lazy, lazy)
  }

  /** Whether the backend has failed for good, and takes no more writes. */
  get hasFailed(): boolean {
    return this.#parts.backend.failure !== undefined
  }

  /** Resolves when every write that was asked for has ended; lazy ones wait for {@link writePending} from now on. */
  drained(): Promise<void> {
    clearTimeout(this.#timer)
    return this.#queue.drained()
  }

  /** Writes a group, in a turn of its own. Rejects nothing: each ticket gets its outcome. */
  async #settle(tickets: readonly WriteTicket[]): Promise<void> {
    this.#checkWritable('store.write')
    const lazy = this.pending.snapshot()
    const staged = new Map(lazy)
    const outcomes = tickets.map((ticket) => this.#plan(ticket, staged))
    const mustWrite = this.pending.full || outcomes.some(({ ticket, changes }) => changes !== undefined && !ticket.lazy)
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
      if (mustWrite) this.#parts.feed.publish(changes)
      else this.#accept(changes)
      ticket.resolve(revisionsOf(changes))
    }
  }

  #plan(ticket: WriteTicket, staged: Map<string, StoredRecord | undefined>): Outcome {
    const { revisions, nextRevision } = this.#parts
    const revisionOf = (key: string) => (staged.has(key) ? staged.get(key)?.revision : revisions.get(key))
    try {
      const changes = planWrite(ticket.operations, revisionOf, nextRevision, ticket.op)
      for (const { key, record } of changes) staged.set(key, record)
      return { ticket, changes, error: undefined }
    } catch (error) {
      return { ticket, changes: undefined, error }
    }
  }

  async #settleFailed(tickets: readonly WriteTicket[], error: unknown): Promise<void> {
    // After a failure for good nobody's fault is looked for: it may be that all of the group is on the disk.
    if (this.hasFailed || tickets.length === 1) {
      for (const { op, operations, reject } of tickets) {
        const message = `${op}: ${this.#parts.backend.title} could not be written`
        reject(PouchError.from(error, { op, subject: operations[0]?.key, message }))
      }
      return
    }
    for (const ticket of tickets) await this.#settle([ticket]).catch(ticket.reject)
  }

  /** @throws PouchError `unavailable`: what is asked for now does not happen */
  #checkWritable(op: string): void {
    const { failure, title } = this.#parts.backend
    if (failure === undefined) return
    const message = `${op}: ${title} takes no writes since one has failed (${failure.message}); it has to be closed and opened again`
    throw new PouchError('unavailable', message, { op, cause: failure })
  }

  /** Makes `changes` durable, which cover all of the lazy ones of that moment. */
  async #writeThrough(changes: Changes, lazy: Changes): Promise<void> {
    const { backend, revisions } = this.#parts
    try {
      await backend.write(new Map([...changes].map(([key, record]) => [key, record?.stored])))
    } catch (error) {
      if (backend.failure !== undefined) this.#parts.onFailure?.(backend.failure)
      throw error
    }
    for (const [key, record] of changes) {
      if (record === undefined) revisions.delete(key)
      else revisions.set(key, record.revision)
    }
    this.pending.settle(lazy)
  }

  #accept(changes: readonly PlannedChange[]): void {
    for (const change of changes) this.pending.add(change)
    this.#parts.feed.publish(changes)
    this.#timer ??= setTimeout(() => void this.#writeLazy(), lazyDelayMs).unref()
  }

  async #writeLazy(): Promise<void> {
    this.#timer = undefined
    try {
      await this.#parts.turns.take(() => this.writePending())
    } catch (error) {
      this.#parts.onLazyFailure?.(error)
    }
  }
}

/** The last state of each key; `undefined` is a key that is deleted. */
type Changes = ReadonlyMap<string, StoredRecord | undefined>

interface Outcome {
  readonly ticket: WriteTicket
  readonly changes: readonly PlannedChange[] | undefined
  readonly error: unknown
}

function revisionsOf(changes: readonly PlannedChange[]): (string | undefined)[] {
  return changes.map(({ record }) => record?.revision)
}
