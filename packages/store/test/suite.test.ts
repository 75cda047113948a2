import assert from 'node:assert/strict'
import { hasCode } from '@pouch/errors'
import { describe, it } from 'vitest'
import type { Entry, JsonValue, MetadataStore, StoreCapabilities, StoreOperation } from '../src/index.js'
import { memoryStore } from '../src/index.js'
import { testMetadataStore } from '../src/testing.js'

const expects: StoreCapabilities = {
  compareAndSet: true,
  atomicBatch: true,
  watch: true,
  leases: false,
  shared: false,
  durable: false,
}

/** Runs the suite, or one test of it. @returns the titles of the tests that failed */
async function failuresOf(make: () => MetadataStore, capabilities = expects, only?: string): Promise<string[]> {
  const tests: { readonly title: string; run(): Promise<void> }[] = []
  testMetadataStore({
    runner: { describe: (_, define) => define(), it: (title, run) => tests.push({ title, run }) },
    name: 'a store',
    expects: capabilities,
    open: async () => {
      const store = make()
      return { store, close: () => store.close() }
    },
  })
  assert(tests.length > 50)
  const failures: string[] = []
  for (const { title, run } of tests) {
    if (only === undefined || only === title)
      await within(run(), only === undefined ? 5000 : 1000).catch(() => failures.push(title))
  }
  return failures
}

async function within(work: Promise<void>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the test does not end')), deadlineMs)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** The memory store with some of its methods replaced. */
function sabotage(replace: (store: MetadataStore) => Partial<MetadataStore>): () => MetadataStore {
  return () => {
    const store = memoryStore()
    const replaced = replace(store)
    return new Proxy(store, {
      get(target, name) {
        if (Object.hasOwn(replaced, name)) return replaced[name as keyof MetadataStore]
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

async function* sorted(entries: AsyncIterable<Entry>, order: (a: Entry, b: Entry) => number): AsyncGenerator<Entry> {
  const all: Entry[] = []
  for await (const entry of entries) all.push(entry)
  yield* all.sort(order)
}

interface Saboteur {
  /** What is wrong with the store. */
  readonly what: string
  /** The test that has to notice. */
  readonly noticedBy: string
  replace(store: MetadataStore): Partial<MetadataStore>
}

const saboteurs: readonly Saboteur[] = [
  {
    what: 'lists in the order of UTF-16 units',
    noticedBy: 'keys come in the order of their bytes',
    replace: (store) => ({
      list: (prefix, call) => sorted(store.list(prefix, call), (a, b) => (a.key < b.key ? -1 : 1)),
    }),
  },
  {
    what: 'takes % in a prefix for a wildcard',
    noticedBy: 'no character of a prefix is a wildcard',
    replace: (store) => ({
      list: (prefix, call) => (prefix.endsWith('%') ? store.list(prefix.slice(0, -1), call) : store.list(prefix, call)),
    }),
  },
  {
    what: 'overwrites on create',
    noticedBy: 'creating a key twice is already-exists, names the key, and changes nothing',
    replace: (store) => ({
      async create(key, value, call) {
        const there = await store.get(key)
        return there === undefined
          ? store.create(key, value, call)
          : store.compareAndSet(key, value, there.revision, call)
      },
    }),
  },
  {
    what: 'ignores the revision of compareAndSet',
    noticedBy: 'compareAndSet with an older revision is conflict, and changes nothing',
    replace: (store) => ({
      async compareAndSet(key, value, revision, call) {
        return store.compareAndSet(key, value, (await store.get(key))?.revision ?? revision, call)
      },
    }),
  },
  {
    what: 'compares first and sets later',
    noticedBy: '100 concurrent increments end at 100',
    replace: (store) => ({
      async compareAndSet(key, value, revision, call) {
        if ((await store.get(key))?.revision !== revision) return store.compareAndSet(key, value, revision, call)
        await new Promise((resolve) => setTimeout(resolve, 5))
        for (;;) {
          const { revision: latest = '' } = (await store.get(key)) ?? {}
          const written = await store.compareAndSet(key, value, latest, call).catch(() => undefined)
          if (written !== undefined) return written
        }
      },
    }),
  },
  {
    what: 'ignores the revision of delete',
    noticedBy: 'delete with an older revision is conflict, and deletes nothing',
    replace: (store) => ({
      async delete(key, revision, call) {
        return store.delete(key, (await store.get(key))?.revision ?? revision, call)
      },
    }),
  },
  {
    what: 'succeeds at deleting what is gone',
    noticedBy: 'delete takes the key away, once',
    replace: (store) => ({
      delete: (key, revision, call) =>
        store.delete(key, revision, call).catch(async (error: unknown) => {
          if (!hasCode(error, 'conflict') || (await store.get(key)) !== undefined) throw error
        }),
    }),
  },
  {
    what: 'does a batch one by one',
    noticedBy: 'a conflict at the last operation undoes all of them and names the key',
    replace: (store) => ({
      async batch(operations, call) {
        const revisions: (string | undefined)[] = []
        for (const each of operations) revisions.push(...(await store.batch([each], call)))
        return revisions
      },
    }),
  },
  {
    what: 'gives the revisions of a batch in another order',
    noticedBy: 'creates, updates and deletes in one, and gives the revision of each in order',
    replace: (store) => ({
      batch: async (operations, call) => (await store.batch(operations, call)).reverse(),
    }),
  },
  {
    what: 'passes values through JSON without looking',
    noticedBy: 'what JSON would change is refused, and nothing is stored',
    replace: (store) => ({
      create: (key, value, call) => store.create(key, JSON.parse(JSON.stringify(value) ?? 'null') as JsonValue, call),
    }),
  },
  {
    what: 'hands out the value that it was given',
    noticedBy: 'a value is copied when it is stored',
    replace: (store) => {
      const values = new Map<string, JsonValue>()
      return {
        async create(key: string, value: JsonValue, call) {
          const revision = await store.create(key, value, call)
          values.set(revision, value)
          return revision
        },
        async get(key: string, call) {
          const entry = await store.get(key, call)
          return entry && { ...entry, value: values.get(entry.revision) ?? entry.value }
        },
      }
    },
  },
  {
    what: 'forgets its limit of operations',
    noticedBy: 'a batch has up to 100 operations',
    replace: (store) => ({
      async batch(operations: readonly StoreOperation[], call) {
        const half = Math.min(operations.length, 100)
        const rest = operations.length > half ? await store.batch(operations.slice(half), call) : []
        return [...(await store.batch(operations.slice(0, half), call)), ...rest]
      },
    }),
  },
  {
    what: 'ignores signals',
    noticedBy: 'a signal stops a listing',
    replace: (store) => ({ get: (key) => store.get(key), list: (prefix) => store.list(prefix) }),
  },
  {
    what: 'watches everything',
    noticedBy: 'only changes under the prefix come',
    replace: (store) => ({ watch: (_, call) => store.watch('', call) }),
  },
  {
    what: 'watches from the first read on',
    noticedBy: 'changes count from the call of watch on, not from the first read, and nothing older comes',
    replace: (store) => ({
      async *watch(prefix, call) {
        yield* store.watch(prefix, call)
      },
    }),
  },
  {
    what: 'keeps a watch open when its signal fires',
    noticedBy: 'a signal wakes a reader that waits, and one that has fired already ends the watch at once',
    replace: (store) => ({ watch: (prefix) => store.watch(prefix) }),
  },
  {
    what: 'shows lazy writes later',
    noticedBy: 'a lazy write is visible at once, to get, list and watch',
    replace: (store) => ({
      async create(key, value, call) {
        if (call?.lazy !== true) return store.create(key, value, call)
        setTimeout(() => void store.create(key, value, call).catch(() => undefined), 50)
        return 'later'
      },
    }),
  },
  {
    what: 'goes on after close',
    noticedBy: 'every call on a closed store is unavailable',
    replace: (store) => ({ close: async () => {}, watch: (prefix, call) => store.watch(prefix, call) }),
  },
  {
    what: 'stops at the first page',
    noticedBy: 'many keys, each once, whatever the page size',
    replace: (store) => ({
      async *list(prefix, call) {
        let count = 0
        for await (const entry of store.list(prefix, call)) {
          count += 1
          if (count > 100) return
          yield entry
        }
      },
    }),
  },
]

describe('the conformance suite', () => {
  it('passes a good store', async () => {
    assert.deepEqual(await failuresOf(memoryStore), [])
  })

  it('fails a store that claims more or less than it can', async () => {
    assert.deepEqual(await failuresOf(memoryStore, { ...expects, shared: true }), ['tells its capabilities honestly'])
    assert.deepEqual(await failuresOf(memoryStore, { ...expects, watch: false }), ['tells its capabilities honestly'])
  })

  for (const { what, noticedBy, replace } of saboteurs) {
    it(`fails a store that ${what}`, async () => {
      assert.deepEqual(await failuresOf(sabotage(replace), expects, noticedBy), [noticedBy])
    })
  }
})
