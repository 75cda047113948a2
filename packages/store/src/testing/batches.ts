import assert from 'node:assert/strict'
import type { StoreOperation } from '../metadata-store.js'
import { entriesOf, entryOf, keysOf, rejectsWith, type StoreCases } from './store-suite.js'

/** Several keys in one call. */
export const batches: StoreCases = {
  title: 'batches',
  cases: [
    {
      title: 'creates, updates and deletes in one, and gives the revision of each in order',
      async run(store) {
        const updated = await store.create('b', 1)
        const deleted = await store.create('c', 1)
        const revisions = await store.batch([
          { type: 'create', key: 'a', value: 2 },
          { type: 'delete', key: 'c', revision: deleted },
          { type: 'update', key: 'b', value: 2, revision: updated },
        ])
        assert.deepEqual(await entriesOf(store, ''), [
          { key: 'a', value: 2, revision: revisions[0] },
          { key: 'b', value: 2, revision: revisions[2] },
        ])
        assert.equal(revisions[1], undefined)
        assert.equal(revisions.length, 3)
      },
    },
    {
      title: 'the revisions of a batch serve the next write',
      async run(store) {
        const [revision] = await store.batch([{ type: 'create', key: 'a', value: 1 }])
        assert(revision !== undefined)
        await store.compareAndSet('a', 2, revision)
        assert.equal((await entryOf(store, 'a')).value, 2)
      },
    },
    ...(['first', 'middle', 'last'] as const).map((place) => ({
      title: `a conflict at the ${place} operation undoes all of them and names the key`,
      async run(store: Parameters<StoreCases['cases'][number]['run']>[0]) {
        const stale = await store.create('changed', 1)
        await store.compareAndSet('changed', 2, stale)
        const gone = await store.create('gone', 1)
        const before = await entriesOf(store, '')
        const faulty: StoreOperation = { type: 'update', key: 'changed', value: 3, revision: stale }
        const good: StoreOperation[] = [
          { type: 'create', key: 'new', value: 1 },
          { type: 'delete', key: 'gone', revision: gone },
        ]
        good.splice({ first: 0, middle: 1, last: 2 }[place], 0, faulty)
        const error = await rejectsWith('conflict', () => store.batch(good))
        assert.equal(error.subject, 'changed')
        assert.deepEqual(await entriesOf(store, ''), before)
      },
    })),
    {
      title: 'a create of what exists undoes all of a batch',
      async run(store) {
        await store.create('there', 1)
        const operations: StoreOperation[] = ['a', 'there', 'b'].map((key) => ({ type: 'create', key, value: 2 }))
        const error = await rejectsWith('already-exists', () => store.batch(operations))
        assert.equal(error.subject, 'there')
        assert.deepEqual(await keysOf(store, ''), ['there'])
      },
    },
    {
      title: 'a delete of what is gone undoes all of a batch',
      async run(store) {
        const revision = await store.create('gone', 1)
        await store.delete('gone', revision)
        await rejectsWith('conflict', () =>
          store.batch([
            { type: 'create', key: 'a', value: 1 },
            { type: 'delete', key: 'gone', revision },
          ]),
        )
        assert.deepEqual(await keysOf(store, ''), [])
      },
    },
    {
      title: 'readers see all of a batch or nothing of it',
      async run(store) {
        const keys = Array.from({ length: 40 }, (_, index) => `k/${String(index).padStart(2, '0')}`)
        let revisions = await store.batch(keys.map((key) => ({ type: 'create', key, value: 0 })))
        let writing = true
        const writer = async () => {
          for (let round = 1; round <= 15; round += 1) {
            revisions = await store.batch(
              keys.map((key, index) => ({ type: 'update', key, value: round, revision: revisions[index] ?? '' })),
            )
          }
          writing = false
        }
        const reader = async () => {
          while (writing) {
            const seen = new Set((await entriesOf(store, 'k/')).map(({ value }) => value))
            assert.equal(seen.size, 1, `half a batch was seen: rounds ${[...seen].join(', ')}`)
            await new Promise((resolve) => setImmediate(resolve))
          }
        }
        await Promise.all([writer(), reader()])
      },
    },
  ],
}
