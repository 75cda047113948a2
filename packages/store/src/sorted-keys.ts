import { compareKeys } from './key.js'
import type { PageRequest } from './store-backend.js'

/** Keys in byte order, for backends that have no order of their own. */
export class SortedKeys {
  readonly #keys: string[]

  /** @param keys each key once, in any order */
  constructor(keys: Iterable<string> = []) {
    this.#keys = [...keys].sort(compareKeys)
  }

  add(key: string): void {
    const index = this.#indexOf(key)
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key)
  }

  delete(key: string): void {
    const index = this.#indexOf(key)
    if (this.#keys[index] === key) this.#keys.splice(index, 1)
  }

  /** The keys of a page. */
  page({ prefix, start, inclusive, limit }: PageRequest): string[] {
    const index = this.#indexOf(start)
    const from = !inclusive && this.#keys[index] === start ? index + 1 : index
    const keys = this.#keys.slice(from, from + limit)
    const outside = keys.findIndex((key) => !key.startsWith(prefix))
    return outside === -1 ? keys : keys.slice(0, outside)
  }

  /** Where the key is, or where it would be put. */
  #indexOf(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const candidate = this.#keys[middle]
      if (candidate !== undefined && compareKeys(candidate, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
