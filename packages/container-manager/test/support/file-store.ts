import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import {
  BackedStore,
  compareKeys,
  type MetadataStore,
  type PageRequest,
  type StoreBackend,
  type StoredRow,
} from '@pouch/store'

type Change = readonly [key: string, stored: string | null]

/** A store in a file of lines, one a batch, which outlives a killed process. It is small enough for tests and for nothing else. */
export async function fileStore(path: string): Promise<MetadataStore> {
  return BackedStore.open(new FileBackend(path))
}

class FileBackend implements StoreBackend {
  readonly title: string
  readonly capabilities = {
    compareAndSet: true,
    atomicBatch: true,
    watch: true,
    leases: false,
    shared: false,
    durable: true,
  }
  readonly #stored = new Map<string, string>()
  readonly #fd: number

  constructor(path: string) {
    this.title = `the test store ${path}`
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    // A line without its end is a batch that was not acknowledged.
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n'))
      if (line !== '') this.#apply(JSON.parse(line) as Change[])
    this.#fd = openSync(path, 'a')
    if (text !== '' && !text.endsWith('\n')) appendFileSync(this.#fd, '\n')
  }

  async *load(): AsyncGenerator<{ key: string; revision: string | undefined }> {
    for (const [key, stored] of this.#stored) yield { key, revision: revisionOf(stored) }
  }

  async read(key: string): Promise<unknown> {
    return this.#stored.get(key)
  }

  async readPage({ prefix, start, inclusive, limit }: PageRequest): Promise<StoredRow[]> {
    const keys = [...this.#stored.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys)
    const from = keys.filter((key) => compareKeys(key, start) > 0 || (inclusive && key === start))
    return from.slice(0, limit).map((key) => ({ key, stored: this.#stored.get(key) }))
  }

  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    const list = [...changes].map(([key, stored]): Change => [key, stored ?? null])
    appendFileSync(this.#fd, `${JSON.stringify(list)}\n`)
    fsyncSync(this.#fd)
    this.#apply(list)
  }

  async close(): Promise<void> {
    closeSync(this.#fd)
  }

  #apply(changes: readonly Change[]): void {
    for (const [key, stored] of changes) {
      if (stored === null) this.#stored.delete(key)
      else this.#stored.set(key, stored)
    }
  }
}

function revisionOf(stored: string): string | undefined {
  const { revision } = JSON.parse(stored) as { revision?: string }
  return revision
}
