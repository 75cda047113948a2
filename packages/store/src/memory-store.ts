import { BackedStore } from './backed-store.js'
import type { MetadataStore, StoreCapabilities } from './metadata-store.js'
import { SortedKeys } from './sorted-keys.js'
import type { PageRequest, StoreBackend, StoredRow } from './store-backend.js'

/** A store that ends with the process: for tests, and for volumes that need not outlive it. */
export function memoryStore(): MetadataStore {
  return BackedStore.over(new MemoryBackend())
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
  readonly #stored = new Map<string, string>()
  readonly #keys = new SortedKeys()

  async *load(): AsyncGenerator<never, void, void> {}

  async read(key: string): Promise<string | undefined> {
    return this.#stored.get(key)
  }

  async readPage(page: PageRequest): Promise<StoredRow[]> {
    return this.#keys.page(page).map((key) => ({ key, stored: this.#stored.get(key) }))
  }

  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    for (const [key, stored] of changes) {
      if (stored === undefined) {
        this.#stored.delete(key)
        this.#keys.delete(key)
      } else {
        this.#stored.set(key, stored)
        this.#keys.add(key)
      }
    }
  }

  async close(): Promise<void> {
    this.#stored.clear()
  }
}
