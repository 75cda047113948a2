import { compareKeys } from './key.js'
import type { StoredRow } from './store-backend.js'
import type { PlannedChange, StoredRecord } from './write-plan.js'

/** Past one of these, lazy writes wait no longer. */
const bounds = { bytes: 4 * 1024 * 1024, keys: 4096 }

/** The lazy writes that everyone sees and that are not yet on the disk: the last state of each key. */
export class PendingChanges {
  readonly #records = new Map<string, StoredRecord | undefined>()
  #bytes = 0

  /** Whether it is time to write them although nobody asks. */
  get full(): boolean {
    return this.#bytes >= bounds.bytes || this.#records.size >= bounds.keys
  }

  has(key: string): boolean {
    return this.#records.has(key)
  }

  get(key: string): StoredRecord | undefined {
    return this.#records.get(key)
  }

  /** The changes of this moment. */
  snapshot(): Map<string, StoredRecord | undefined> {
    return new Map(this.#records)
  }

  add({ key, record }: PlannedChange): void {
    this.#bytes += (record?.stored.length ?? 0) - (this.#records.get(key)?.stored.length ?? 0)
    this.#records.set(key, record)
  }

  /** Forgets what has been written, unless it has changed again since. */
  settle(written: ReadonlyMap<string, StoredRecord | undefined>): void {
    for (const [key, record] of written) {
      if (!this.#records.has(key) || this.#records.get(key) !== record) continue
      this.#records.delete(key)
      this.#bytes -= record?.stored.length ?? 0
    }
  }

  /** Lays these changes over a page of stored rows; `covers` says which keys the page speaks for. */
  over(rows: readonly StoredRow[], covers: (key: string) => boolean): StoredRow[] {
    const covered = [...this.#records].filter(([key]) => covers(key))
    if (covered.length === 0) return [...rows]
    const merged = new Map<string, StoredRow>(rows.map((row) => [row.key, row]))
    for (const [key, record] of covered) {
      if (record === undefined) merged.delete(key)
      else merged.set(key, { key, stored: record.stored })
    }
    return [...merged.values()].sort((a, b) => compareKeys(a.key, b.key))
  }
}
