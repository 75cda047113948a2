import type { Change } from './metadata-store.js'
import { decodeStored } from './stored-text.js'
import type { PlannedChange } from './write-plan.js'

/** From this many waiting changes on, a slow watcher gets only the latest of each key. */
const compactAt = 1024

/** Hands the changes of a store to those who watch it, each at its own speed. */
export class ChangeFeed {
  readonly #watchers = new Set<Watcher>()

  /** Tells every watcher whose prefix fits, in the order of the changes. */
  publish(changes: Iterable<PlannedChange>): void {
    if (this.#watchers.size === 0) return
    for (const change of changes) {
      for (const watcher of this.#watchers) watcher.offer(change)
    }
  }

  /** The changes from now on, whether or not anyone is reading yet. Ends when the signal fires or the feed closes. */
  watch(prefix: string, signal: AbortSignal | undefined): AsyncIterable<Change> {
    const watcher = new Watcher(prefix, () => {
      this.#watchers.delete(watcher)
      signal?.removeEventListener('abort', end)
    })
    const end = () => watcher.end()
    this.#watchers.add(watcher)
    signal?.addEventListener('abort', end, { once: true })
    if (signal?.aborted === true) end()
    return watcher
  }

  /** Ends every watch. */
  close(): void {
    for (const watcher of this.#watchers) watcher.end()
  }
}

class Watcher implements AsyncIterableIterator<Change> {
  readonly #prefix: string
  readonly #onEnd: () => void
  readonly #readers: ((result: IteratorResult<Change>) => void)[] = []
  #waiting: PlannedChange[] = []
  #compactAt = compactAt
  #ended = false

  constructor(prefix: string, onEnd: () => void) {
    this.#prefix = prefix
    this.#onEnd = onEnd
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  offer(change: PlannedChange): void {
    if (!change.key.startsWith(this.#prefix)) return
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader({ done: false, value: toChange(change) })
      return
    }
    this.#waiting.push(change)
    if (this.#waiting.length >= this.#compactAt) this.#compact()
  }

  next(): Promise<IteratorResult<Change>> {
    const change = this.#waiting.shift()
    if (change !== undefined) return Promise.resolve({ done: false, value: toChange(change) })
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  return(): Promise<IteratorResult<Change>> {
    this.#waiting = []
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd()
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined })
  }

  #compact(): void {
    const latest = new Map<string, PlannedChange>()
    for (const change of this.#waiting) {
      latest.delete(change.key)
      latest.set(change.key, change)
    }
    this.#waiting = [...latest.values()]
    this.#compactAt = Math.max(compactAt, this.#waiting.length * 2)
  }
}

function toChange({ key, record }: PlannedChange): Change {
  return { key, entry: record === undefined ? undefined : decodeStored(key, record.stored) }
}
