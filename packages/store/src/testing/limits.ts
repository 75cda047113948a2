import assert from 'node:assert/strict'
import { type JsonValue, type StoreOperation, storeLimits } from '../metadata-store.js'
import { entryOf, keysOf, rejectsWith, type StoreCases } from './store-suite.js'

const { keyBytes, valueBytes, batchOperations } = storeLimits

/** The bounds of keys, values and batches: what is on them fits, what is past them is refused. */
export const limits: StoreCases = {
  title: 'limits',
  cases: [
    {
      title: `a key of ${keyBytes} bytes fits, one more does not, and bytes are counted rather than characters`,
      async run(store) {
        await store.create('k'.repeat(keyBytes), 1)
        await store.create('é'.repeat(keyBytes / 2), 2)
        assert.equal((await entryOf(store, 'é'.repeat(keyBytes / 2))).value, 2)
        await rejectsWith('invalid-argument', () => store.create('k'.repeat(keyBytes + 1), 1))
        await rejectsWith('invalid-argument', () => store.create(`${'é'.repeat(keyBytes / 2)}k`, 1))
        await rejectsWith('invalid-argument', () => store.get('k'.repeat(keyBytes + 1)))
      },
    },
    {
      title: 'what is no key is refused by every call',
      async run(store) {
        for (const key of [
          '',
          'a\u0000b',
          'a\nb',
          'half \ud83d',
          1 as unknown as string,
          undefined as unknown as string,
        ]) {
          await rejectsWith('invalid-argument', () => store.get(key))
          await rejectsWith('invalid-argument', () => store.create(key, 1))
          await rejectsWith('invalid-argument', () => store.compareAndSet(key, 1, 'r'))
          await rejectsWith('invalid-argument', () => store.delete(key, 'r'))
          await rejectsWith('invalid-argument', () => store.batch([{ type: 'create', key, value: 1 }]))
        }
      },
    },
    {
      title: `a value of ${valueBytes} bytes of JSON fits and comes back whole, one more does not`,
      async run(store) {
        const fitting = 'v'.repeat(valueBytes - 2)
        const revision = await store.create('a', fitting)
        assert.equal((await entryOf(store, 'a')).value, fitting)
        await rejectsWith('invalid-argument', () => store.compareAndSet('a', `${fitting}v`, revision))
        await rejectsWith('invalid-argument', () => store.create('b', 'é'.repeat(valueBytes / 2)))
        assert.equal((await entryOf(store, 'a')).value, fitting)
      },
    },
    {
      title: 'a value may nest deeply, and is refused where it nests without end',
      async run(store) {
        await store.create('a', nest(150))
        assert.deepEqual((await entryOf(store, 'a')).value, nest(150))
        await rejectsWith('invalid-argument', () => store.create('b', nest(100_000)))
      },
    },
    {
      title: `a batch has up to ${batchOperations} operations`,
      async run(store) {
        const creates = (count: number): StoreOperation[] =>
          Array.from({ length: count }, (_, index) => ({ type: 'create', key: `k/${index}`, value: index }))
        await rejectsWith('invalid-argument', () => store.batch(creates(batchOperations + 1)))
        assert.deepEqual(await keysOf(store, 'k/'), [])
        assert.equal((await store.batch(creates(batchOperations))).length, batchOperations)
        assert.equal((await keysOf(store, 'k/')).length, batchOperations)
      },
    },
    {
      title: 'a batch is refused when it names a key twice, an unknown operation, or no revision',
      async run(store) {
        const revision = await store.create('a', 1)
        const bad: unknown[] = [
          [
            { type: 'update', key: 'a', value: 2, revision },
            { type: 'delete', key: 'a', revision },
          ],
          [
            { type: 'create', key: 'b', value: 2 },
            { type: 'upsert', key: 'c', value: 2 },
          ],
          [
            { type: 'create', key: 'b', value: 2 },
            { type: 'delete', key: 'a' },
          ],
          'create',
        ]
        for (const operations of bad) {
          await rejectsWith('invalid-argument', () => store.batch(operations as StoreOperation[]))
        }
        assert.deepEqual(await keysOf(store, ''), ['a'])
      },
    },
    {
      title: 'the empty batch does nothing',
      async run(store) {
        assert.deepEqual(await store.batch([]), [])
      },
    },
  ],
}

function nest(levels: number): JsonValue {
  let value: JsonValue = 1
  for (let level = 0; level < levels; level += 1) value = [value]
  return value
}
