import assert from 'node:assert/strict'
import { type Change, storeLimits } from '../metadata-store.js'
import { rejectsWith, type StoreCase, type StoreCases } from './store-suite.js'

const cases: readonly StoreCase[] = [
  {
    title: 'changes come in order, with key, value and revision; a delete has no entry',
    async run(store) {
      const seen = collect(store.watch('v/'), 4)
      const first = await store.create('v/a', { n: 1 })
      const second = await store.compareAndSet('v/a', { n: 2 }, first)
      await store.delete('v/a', second)
      const third = await store.create('v/b', null)
      assert.deepEqual(await seen, [
        { key: 'v/a', entry: { key: 'v/a', value: { n: 1 }, revision: first } },
        { key: 'v/a', entry: { key: 'v/a', value: { n: 2 }, revision: second } },
        { key: 'v/a', entry: undefined },
        { key: 'v/b', entry: { key: 'v/b', value: null, revision: third } },
      ])
    },
  },
  {
    title: 'changes count from the call of watch on, not from the first read, and nothing older comes',
    async run(store) {
      await store.create('v/old', 1)
      const changes = store.watch('v/')
      await store.create('v/new', 1)
      assert.deepEqual(
        (await collect(changes, 1)).map(({ key }) => key),
        ['v/new'],
      )
    },
  },
  {
    title: 'only changes under the prefix come',
    async run(store) {
      const seen = collect(store.watch('v_'), 1)
      await store.create('v', 1)
      await store.create('vX', 1)
      await store.create('v%', 1)
      await store.create('v_1', 1)
      assert.deepEqual(
        (await seen).map(({ key }) => key),
        ['v_1'],
      )
    },
  },
  {
    title: 'a batch comes in the order of its operations, a failed one not at all',
    async run(store) {
      const seen = collect(store.watch(''), 3)
      await rejectsWith('conflict', () =>
        store.batch([
          { type: 'create', key: 'x', value: 1 },
          { type: 'delete', key: 'y', revision: 'none' },
        ]),
      )
      await store.batch(['b', 'a', 'c'].map((key) => ({ type: 'create', key, value: 1 })))
      assert.deepEqual(
        (await seen).map(({ key }) => key),
        ['b', 'a', 'c'],
      )
    },
  },
  {
    title: 'every watcher gets its own copy',
    async run(store) {
      const both = [collect(store.watch('a'), 1), collect(store.watch('a'), 1)] as const
      await store.create('a', { list: [1] })
      const [[first], [second]] = await Promise.all(both)
      const value = first?.entry?.value as { list: number[] }
      value.list.push(2)
      assert.deepEqual(second?.entry?.value, { list: [1] })
    },
  },
  {
    title: 'a change is announced when it can be read',
    async run(store) {
      const changes = store.watch('')[Symbol.asyncIterator]()
      const writing = store.create('a', 1)
      const { value: change } = await changes.next()
      assert.deepEqual(await store.get('a'), (change as Change).entry)
      await writing
      await changes.return?.()
    },
  },
  {
    title: 'a signal ends the watch after what has happened so far',
    async run(store) {
      const controller = new AbortController()
      const changes = store.watch('', { signal: controller.signal })
      await store.create('a', 1)
      controller.abort()
      await store.create('b', 1)
      assert.deepEqual(
        (await collectAll(changes)).map(({ key }) => key),
        ['a'],
      )
    },
  },
  {
    title: 'a signal wakes a reader that waits, and one that has fired already ends the watch at once',
    async run(store) {
      const controller = new AbortController()
      const waiting = collectAll(store.watch('', { signal: controller.signal }))
      controller.abort()
      assert.deepEqual(await waiting, [])
      assert.deepEqual(await collectAll(store.watch('', { signal: controller.signal })), [])
    },
  },
  {
    title: 'closing the store ends every watch',
    async run(store) {
      const waiting = [collectAll(store.watch('')), collectAll(store.watch('a'))]
      await store.create('a', 1)
      await store.close()
      assert.deepEqual(
        (await Promise.all(waiting)).map((changes) => changes.length),
        [1, 1],
      )
    },
  },
  {
    title: 'a watcher that does not read loses the last state of no key',
    async run(store) {
      const changes = store.watch('k/')
      let revisions: (string | undefined)[] = []
      const keys = Array.from({ length: storeLimits.batchOperations }, (_, index) => `k/${index}`)
      revisions = await store.batch(keys.map((key) => ({ type: 'create', key, value: 0 })))
      for (let round = 1; round <= 30; round += 1) {
        revisions = await store.batch(
          keys.map((key, index) => ({ type: 'update', key, value: round, revision: revisions[index] ?? '' })),
        )
      }
      await store.close()
      const last = new Map((await collectAll(changes)).map(({ key, entry }) => [key, entry?.value]))
      assert.equal(last.size, keys.length)
      assert.deepEqual(new Set(last.values()), new Set([30]))
    },
  },
]

/** watch(prefix). */
export const watching: StoreCases = {
  title: 'watching',
  cases: cases.map((each) => ({ ...each, needs: 'watch' })),
}

async function collect(changes: AsyncIterable<Change>, count: number): Promise<Change[]> {
  const seen: Change[] = []
  for await (const change of changes) {
    seen.push(change)
    if (seen.length === count) break
  }
  return seen
}

async function collectAll(changes: AsyncIterable<Change>): Promise<Change[]> {
  return collect(changes, Number.POSITIVE_INFINITY)
}
