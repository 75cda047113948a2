import { hasCode, PouchError } from '@pouch/errors'
import { type JsonValue, type MetadataStore, storeLimits } from '@pouch/store'
import type { DriverStateArea } from './driver.js'

/** The part of the engine's store that belongs to one driver. */
export class DriverState implements DriverStateArea {
  readonly #store: MetadataStore
  readonly #prefix: string

  constructor(store: MetadataStore, driver: string) {
    this.#store = store
    this.#prefix = `driver/${driver}/`
  }

  async get(key: string): Promise<JsonValue | undefined> {
    const entry = await this.#store.get(this.#key(key))
    return entry?.value
  }

  async set(key: string, value: JsonValue): Promise<void> {
    const full = this.#key(key)
    await this.#untilUncontested(async () => {
      const entry = await this.#store.get(full)
      if (entry === undefined) await this.#store.create(full, value)
      else await this.#store.compareAndSet(full, value, entry.revision)
    })
  }

  async delete(key: string): Promise<void> {
    const full = this.#key(key)
    await this.#untilUncontested(async () => {
      const entry = await this.#store.get(full)
      if (entry !== undefined) await this.#store.delete(full, entry.revision)
    })
  }

  async *list(): AsyncIterable<{ readonly key: string; readonly value: JsonValue }> {
    for await (const entry of this.#store.list(this.#prefix)) {
      yield { key: entry.key.slice(this.#prefix.length), value: entry.value }
    }
  }

  /** Two calls for one key may meet: the one that lost looks again. */
  async #untilUncontested(write: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await write()
        return
      } catch (error) {
        const lost = hasCode(error, 'conflict') || hasCode(error, 'already-exists')
        if (!lost || attempt === 100) throw error
      }
    }
  }

  #key(key: string): string {
    const full = this.#prefix + key
    if (key.length === 0 || Buffer.byteLength(full) > storeLimits.keyBytes) {
      const room = storeLimits.keyBytes - this.#prefix.length
      throw new PouchError(
        'invalid-argument',
        `a driver's state key has 1 to ${room} bytes, not ${Buffer.byteLength(key)}`,
        {
          op: 'driver.state',
          subject: key.slice(0, 100),
        },
      )
    }
    return full
  }
}
