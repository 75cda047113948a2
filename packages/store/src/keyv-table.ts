import { PouchError } from '@pouch/errors'
import { Keyv, type KeyvStoreAdapter } from 'keyv'

/** How many calls of an adapter run at a time. */
const width = 64

/**
 * Texts in a Keyv adapter, with Keyv's traps shut: it throws where Keyv would answer `false` or `undefined`, puts the
 * namespace before the keys itself, and takes keys and texts as they are.
 */
export class KeyvTable {
  readonly #adapter: KeyvStoreAdapter | Map<unknown, unknown>
  readonly #keyv: Keyv
  readonly #prefix: string
  #failure: unknown

  /** @throws PouchError `invalid-argument` for what is no adapter, `unsupported` for one that cannot iterate */
  constructor(adapter: KeyvStoreAdapter | Map<unknown, unknown>, namespace: string) {
    if (adapter instanceof Keyv) throw unfit('invalid-argument', 'it is a Keyv; give the adapter inside, `keyv.store`')
    if (!(adapter instanceof Map) && typeof adapter?.get !== 'function') throw unfit('invalid-argument', 'it is none')
    if (!(adapter instanceof Map) && typeof adapter.iterator !== 'function') {
      throw unfit('unsupported', 'it has no iterator, and a store has to find its keys')
    }
    this.#adapter = adapter
    this.#prefix = `${namespace}:`
    this.#keyv = new Keyv({
      store: facadeOf(adapter),
      namespace: '',
      useKeyPrefix: false,
      throwOnErrors: true,
      serialize: ({ value }) => String(value),
      deserialize: (text) => ({ value: text as never }),
    })
    // Some adapters tell a failure by an event only.
    this.#keyv.on('error', (error: unknown) => {
      this.#failure = error ?? new Error('the adapter told an error without saying which')
    })
  }

  /** Every key of the namespace. All are collected before any is returned: adapters skip rows when they change meanwhile. */
  async keys(): Promise<string[]> {
    const found = new Set<string>()
    await this.#watchFailures(async () => {
      const keys = this.#adapter instanceof Map ? this.#adapter.keys() : keysOf(this.#adapter)
      for await (const key of keys) {
        if (typeof key === 'string' && key.startsWith(this.#prefix)) found.add(key.slice(this.#prefix.length))
      }
    })
    return [...found]
  }

  async get(key: string): Promise<unknown> {
    const [stored] = await this.getMany([key])
    return stored
  }

  async getMany(keys: readonly string[]): Promise<unknown[]> {
    const stored: unknown[] = []
    await this.#watchFailures(() =>
      eachOf([...keys.entries()], async ([index, key]) => {
        stored[index] = await this.#keyv.get<unknown>(this.#prefix + key)
      }),
    )
    return stored
  }

  /** Stores or, for `undefined`, deletes each key. Not atomic; when it rejects, nothing is under way any more. */
  async apply(changes: Iterable<readonly [string, string | undefined]>): Promise<void> {
    await this.#watchFailures(() =>
      eachOf([...changes], async ([key, text]) => {
        const done = text === undefined ? await this.#remove(key) : await this.#keyv.set(this.#prefix + key, text)
        if (!done) throw new Error(`the adapter did not ${text === undefined ? 'delete' : 'store'} ${key}`)
      }),
    )
  }

  async disconnect(): Promise<void> {
    if (!(this.#adapter instanceof Map)) await this.#adapter.disconnect?.()
  }

  async #remove(key: string): Promise<boolean> {
    if (await this.#keyv.delete(this.#prefix + key)) return true
    // False is what adapters answer when there was nothing, and some when they failed.
    return (await this.#keyv.get(this.#prefix + key)) === undefined
  }

  async #watchFailures(work: () => Promise<void>): Promise<void> {
    this.#failure = undefined
    await work()
    const failure: unknown = this.#failure
    if (failure !== undefined) throw failure
  }
}

/** What Keyv is to see of an adapter: it must not set its namespace, judge its dialect, or clear it. */
function facadeOf(adapter: KeyvStoreAdapter | Map<unknown, unknown>): KeyvStoreAdapter {
  const facade: KeyvStoreAdapter = {
    opts: {},
    get: async <Value>(key: string) => (await adapter.get(key)) as Value | undefined,
    set: (key: string, value: unknown) => adapter.set(key, value),
    delete: async (key: string) => adapter.delete(key),
    clear: () => Promise.reject(new Error('a store never clears its adapter')),
    on: (event, listener) => {
      if (!(adapter instanceof Map) && typeof adapter.on === 'function') adapter.on(event, listener)
      return facade
    },
  }
  return facade
}

async function* keysOf(adapter: KeyvStoreAdapter): AsyncGenerator<unknown, void, void> {
  for await (const [key] of adapter.iterator?.() ?? []) yield key
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += width) {
    const outcomes = await Promise.allSettled(items.slice(from, from + width).map(work))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

function unfit(code: 'invalid-argument' | 'unsupported', why: string): PouchError {
  return new PouchError(code, `keyvStore: this Keyv adapter cannot be used: ${why}`, { op: 'store.open' })
}
