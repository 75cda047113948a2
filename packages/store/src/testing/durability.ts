import assert from 'node:assert/strict'
import type { MetadataStore } from '../metadata-store.js'
import {
  entriesOf,
  entryOf,
  keysOf,
  type OpenedStore,
  rejectsWith,
  type StoreCase,
  type StoreCases,
} from './store-suite.js'

const lazy: readonly StoreCase[] = [
  {
    title: 'a lazy write is visible at once, to get, list and watch',
    async run(store) {
      await store.create('b', 1)
      const revision = await store.create('a', 1, { lazy: true })
      assert.deepEqual(await store.get('a'), { key: 'a', value: 1, revision })
      const second = await store.compareAndSet('a', 2, revision, { lazy: true })
      await store.create('c', 3, { lazy: true })
      assert.deepEqual(
        (await entriesOf(store, '')).map(({ key, value }) => [key, value]),
        [
          ['a', 2],
          ['b', 1],
          ['c', 3],
        ],
      )
      await store.delete('a', second, { lazy: true })
      assert.equal(await store.get('a'), undefined)
      assert.deepEqual(await keysOf(store, ''), ['b', 'c'])
    },
  },
  {
    title: 'a lazy write keeps the same preconditions as another',
    async run(store) {
      const revision = await store.create('a', 1, { lazy: true })
      await rejectsWith('already-exists', () => store.create('a', 2, { lazy: true }))
      await rejectsWith('already-exists', () => store.create('a', 2))
      const second = await store.compareAndSet('a', 2, revision)
      await rejectsWith('conflict', () => store.compareAndSet('a', 3, revision, { lazy: true }))
      await rejectsWith('conflict', () => store.delete('a', revision, { lazy: true }))
      await store.delete('a', second, { lazy: true })
      await store.create('a', 4)
      assert.equal((await entryOf(store, 'a')).value, 4)
    },
  },
  {
    title: 'lazy writes are ordered with the others that wait',
    async run(store) {
      const creating = store.create('a', 1)
      const again = store.create('a', 2, { lazy: true })
      await creating
      await rejectsWith('already-exists', () => again)
      const revisions = await Promise.all([
        store.create('x', 1),
        store.create('y', 1, { lazy: true }),
        store.batch([{ type: 'create', key: 'z', value: 1 }], { lazy: true }),
      ])
      assert.equal(new Set(revisions.flat()).size, 3)
      assert.deepEqual(await keysOf(store, ''), ['a', 'x', 'y', 'z'])
    },
  },
  {
    title: 'many lazy writes over many pages list as one order',
    async run(store) {
      const keys = Array.from({ length: 700 }, (_, index) => `k/${String(index).padStart(4, '0')}`)
      await Promise.all(keys.filter((_, index) => index % 3 === 0).map((key) => store.create(key, 1)))
      for (const [index, key] of keys.entries()) if (index % 3 !== 0) await store.create(key, 1, { lazy: true })
      assert.deepEqual(await keysOf(store, 'k/'), keys)
    },
  },
]

const reopening: readonly StoreCase[] = [
  {
    title: 'entries and revisions are the same after reopening',
    async run(store, opened) {
      const a = await store.create('a', { n: 1 })
      await store.compareAndSet('a', { n: 2, text: 'ünï 😀 \u0000' }, a)
      const gone = await store.create('gone', 1)
      await store.delete('gone', gone)
      await store.batch(['v/1', 'v/2', '😀', '__proto__'].map((key) => ({ type: 'create', key, value: key })))
      const before = await entriesOf(store, '')
      const next = await reopen(store, opened)
      assert.deepEqual(await entriesOf(next, ''), before)
      assert.equal(before.length, 5)
    },
  },
  {
    title: 'a revision from before reopening serves, and old ones stay dead',
    async run(store, opened) {
      const first = await store.create('a', 1)
      const second = await store.compareAndSet('a', 2, first)
      const next = await reopen(store, opened)
      await rejectsWith('conflict', () => next.compareAndSet('a', 3, first))
      await rejectsWith('already-exists', () => next.create('a', 3))
      const third = await next.compareAndSet('a', 3, second)
      assert(![first, second].includes(third))
    },
  },
  {
    title: 'lazy writes are kept by a later write and by close',
    async run(store, opened) {
      await store.create('lazy/1', 1, { lazy: true })
      const changed = await store.create('lazy/2', 1, { lazy: true })
      await store.create('other', 1)
      await store.compareAndSet('lazy/2', 2, changed, { lazy: true })
      await store.create('lazy/3', 3, { lazy: true })
      const next = await reopen(store, opened)
      assert.deepEqual(
        (await entriesOf(next, 'lazy/')).map(({ value }) => value),
        [1, 2, 3],
      )
    },
  },
  {
    title: 'writes that were called before close are kept',
    async run(store, opened) {
      const writing = Array.from({ length: 50 }, (_, index) => store.create(`k/${index}`, index))
      const next = await reopen(store, opened)
      await Promise.all(writing)
      assert.equal((await keysOf(next, 'k/')).length, 50)
    },
  },
]

/** Lazy writes, and what is there when the store is opened again. */
export const durability: StoreCases = {
  title: 'durability',
  cases: [...lazy, ...reopening.map((each) => ({ ...each, needs: 'durable' as const }))],
}

async function reopen(store: MetadataStore, opened: OpenedStore): Promise<MetadataStore> {
  await store.close()
  assert(opened.reopen !== undefined, 'a durable store is tested with reopen')
  return opened.reopen()
}
