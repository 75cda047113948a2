import type { OciImageConfig } from './image-config.js'

/** Configurations by image id, the ones used last; they never change, so nothing goes stale. */
export class ConfigCache {
  readonly #entries = new Map<string, { config: OciImageConfig; sizeBytes: number }>()
  readonly #maxBytes: number
  #bytes = 0

  /** @param maxBytes how large the documents may be together */
  constructor(maxBytes = 8 * 1024 * 1024) {
    this.#maxBytes = maxBytes
  }

  get(id: string): OciImageConfig | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    return entry.config
  }

  /** @param sizeBytes the size of the document that was read */
  set(id: string, config: OciImageConfig, sizeBytes: number): void {
    this.#drop(id)
    this.#entries.set(id, { config, sizeBytes })
    this.#bytes += sizeBytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.#drop(oldest)
    }
  }

  #drop(id: string): void {
    this.#bytes -= this.#entries.get(id)?.sizeBytes ?? 0
    this.#entries.delete(id)
  }
}
