import { BackedStore } from './backed-store.js'
import type { MetadataStore, StoreCapabilities } from './metadata-store.js'
import { SortedKeys } from './sorted-keys.js'
import type { PageRequest, StoreBackend, StoredRecord, StoredRow } from './store-backend.js'

/** A store that ends with the process: for tests, and for volumes that need not outlive it. */
export function memoryStore(): MetadataStore {
  return new BackedStore(new MemoryBackend())
}

class MemoryBackend implements StoreBackend {
  readonly title = 'the memory store'
  readonly capabilities: StoreCapabilities = Object.freeze({
    compareAndSet: true,
    atomicBatch: true,
    watch: true,
    leases: false,
    shared: false,
    durable: false,
  })
  readonly #records = new Map<string, StoredRecord>()
  readonly #keys = new SortedKeys()

  async *load(): AsyncGenerator<never, void, void> {}

  async read(key: string): Promise<StoredRecord | undefined> {
    return this.#records.get(key)
  }

  async readPage(page: PageRequest): Promise<StoredRow[]> {
    return this.#keys.page(page).flatMap((key) => {
      const record = this.#records.get(key)
      return record === undefined ? [] : [{ key, ...record }]
    })
  }

  async write(changes: ReadonlyMap<string, StoredRecord | undefined>): Promise<void> {
    for (const [key, record] of changes) {
      if (record === undefined) {
        this.#records.delete(key)
        this.#keys.delete(key)
      } else {
        this.#records.set(key, record)
        this.#keys.add(key)
      }
    }
  }

  async close(): Promise<void> {
    this.#records.clear()
  }
}
