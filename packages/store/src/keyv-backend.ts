import { PouchError } from '@pouch/errors'
import { type IntendedChange, KeyvIntent, partsOf, targetsOf } from './keyv-intent.js'
import type { KeyvTable } from './keyv-table.js'
import type { StoreCapabilities } from './metadata-store.js'
import { SortedKeys } from './sorted-keys.js'
import type { PageRequest, StoreBackend, StoredRow } from './store-backend.js'
import type { StoreLog } from './store-log.js'
import { decodeStored } from './stored-text.js'

// Entries are told from the intent by this, so that no key can be mistaken for it.
const entryPrefix = 'key:'

/** What a {@link KeyvBackend} is made of. */
export interface KeyvBackendParts {
  readonly table: KeyvTable
  readonly namespace: string
  readonly durable: boolean
  /** Told what an adapter fails at that nobody waits for. */
  readonly log?: StoreLog | undefined
  /** Called once when the backend is closed. */
  readonly release: () => void
}

/** Entries in a Keyv adapter. Writes of several keys go through a {@link KeyvIntent}. */
export class KeyvBackend implements StoreBackend {
  readonly title: string
  readonly capabilities: StoreCapabilities
  readonly #table: KeyvTable
  readonly #intent: KeyvIntent
  readonly #log: StoreLog | undefined
  readonly #release: () => void
  #keys = new SortedKeys()
  /** What has to be done before anything else, since the adapter failed while it was first tried. */
  #unfinished: (() => Promise<void>) | undefined

  constructor({ table, namespace, durable, log, release }: KeyvBackendParts) {
    this.title = `the Keyv store ${namespace}`
    this.capabilities = Object.freeze({
      compareAndSet: true,
      atomicBatch: true,
      watch: true,
      leases: false,
      shared: false,
      durable,
    })
    this.#table = table
    this.#intent = new KeyvIntent(table)
    this.#log = log
    this.#release = release
  }

  async *load(): AsyncGenerator<{ key: string; revision: string | undefined }, void, void> {
    await this.#intent.recover((await this.#table.keys()).filter((key) => KeyvIntent.owns(key)))
    const keys = (await this.#table.keys()).filter((key) => key.startsWith(entryPrefix))
    this.#keys = new SortedKeys(keys.map((key) => key.slice(entryPrefix.length)))
    for (const key of keys) {
      const entry = decodeStored(key, await this.#table.get(key))
      yield { key: key.slice(entryPrefix.length), revision: entry?.revision }
    }
  }

  async read(key: string): Promise<unknown> {
    await this.#finish()
    return this.#table.get(entryPrefix + key)
  }

  async readPage(page: PageRequest): Promise<StoredRow[]> {
    await this.#finish()
    const keys = this.#keys.page(page)
    const stored = await this.#table.getMany(keys.map((key) => entryPrefix + key))
    return keys.map((key, index) => ({ key, stored: stored[index] }))
  }

  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    await this.#finish()
    const keys = [...changes.keys()].map((key) => entryPrefix + key)
    const before = await this.#table.getMany(keys)
    const intended = keys.map((key, index) => ({
      key,
      before: typeof before[index] === 'string' ? before[index] : null,
      after: changes.get(key.slice(entryPrefix.length)) ?? null,
    }))
    await this.#apply(intended)
    for (const [key, text] of changes) {
      if (text === undefined) this.#keys.delete(key)
      else this.#keys.add(key)
    }
  }

  async close(): Promise<void> {
    try {
      await this.#finish()
    } finally {
      this.#release()
      await this.#table.disconnect()
    }
  }

  async #apply(changes: readonly IntendedChange[]): Promise<void> {
    const parts = changes.length > 1 ? partsOf(changes) : 0
    try {
      if (parts > 0) await this.#intent.begin(changes)
      await this.#table.apply(targetsOf(changes, 'redo'))
    } catch (cause) {
      await this.#undo(changes, parts, cause)
      throw cause
    }
    if (parts === 0) return
    // The intent would do the batch again, over whatever is written next: it has to be gone before that.
    this.#unfinished = () => this.#intent.end(parts)
    try {
      await this.#finish()
    } catch (error) {
      const text =
        'has a batch, and failed when what it had noted for a crash was taken away; that is tried again before the next call'
      this.#log?.warn({ err: error }, `${this.title} ${text}`)
    }
  }

  async #undo(changes: readonly IntendedChange[], parts: number, cause: unknown): Promise<void> {
    this.#unfinished = async () => {
      if (parts > 0) await this.#intent.setDirection('undo', parts)
      await this.#table.apply(targetsOf(changes, 'undo'))
      if (parts > 0) await this.#intent.end(parts)
    }
    try {
      await this.#finish()
    } catch (error) {
      this.#log?.warn({ err: error }, `${this.title} failed when a batch was to be undone`)
      const message =
        `${this.title} failed while it was written, and again when that was to be undone; it is undone before the next call, ` +
        'or decided when the store is next opened'
      throw new PouchError('timeout', message, { op: 'store.write', cause })
    }
  }

  async #finish(): Promise<void> {
    if (this.#unfinished === undefined) return
    await this.#unfinished()
    this.#unfinished = undefined
  }
}
