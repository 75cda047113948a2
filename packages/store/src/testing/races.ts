import assert from 'node:assert/strict'
import { hasCode } from '@pouch/errors'
import type { MetadataStore } from '../metadata-store.js'
import { entryOf, keysOf, type StoreCases } from './store-suite.js'

/** Many callers at a time. */
export const races: StoreCases = {
  title: 'races',
  cases: [
    {
      title: '100 concurrent increments end at 100',
      needs: 'compareAndSet',
      async run(store) {
        await store.create('count', 0)
        await Promise.all(Array.from({ length: 100 }, () => increment(store, 'count')))
        assert.equal((await entryOf(store, 'count')).value, 100)
      },
    },
    {
      title: 'of 50 creators of one key one wins, and the others learn that it exists',
      async run(store) {
        const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => store.create('a', index)))
        const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
        assert.equal(winners.length, 1)
        assert.equal((await entryOf(store, 'a')).value, winners[0])
        const losers = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
        assert(losers.every((reason) => hasCode(reason, 'already-exists')))
      },
    },
    {
      title: 'of two who replace one revision one wins',
      needs: 'compareAndSet',
      async run(store) {
        const revision = await store.create('a', 0)
        const outcomes = await Promise.allSettled([
          store.compareAndSet('a', 1, revision),
          store.delete('a', revision),
          store.batch([{ type: 'update', key: 'a', value: 2, revision }]),
        ])
        assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
      },
    },
    {
      title: 'writes to one key take effect in the order of the calls',
      async run(store) {
        const creating = store.create('a', 1)
        const again = store.create('a', 2)
        await assert.doesNotReject(creating)
        await assert.rejects(again)
        const revision = await creating
        const deleting = store.delete('a', revision)
        const creatingAnew = store.create('a', 3)
        await Promise.all([deleting, creatingAnew])
        assert.equal((await entryOf(store, 'a')).value, 3)
      },
    },
    {
      title: 'a call that fails takes none of those that wait with it',
      async run(store) {
        await store.create('there', 1)
        const good = Array.from({ length: 30 }, (_, index) => store.create(`k/${index}`, index))
        const bad = Array.from({ length: 30 }, () => store.create('there', 2))
        const outcomes = await Promise.allSettled([...good, ...bad])
        assert.deepEqual(new Set(outcomes.slice(0, 30).map(({ status }) => status)), new Set(['fulfilled']))
        assert.deepEqual(new Set(outcomes.slice(30).map(({ status }) => status)), new Set(['rejected']))
        assert.equal((await keysOf(store, 'k/')).length, 30)
      },
    },
    {
      title: '1,000 concurrent creates are all there afterwards',
      async run(store) {
        const keys = Array.from({ length: 1000 }, (_, index) => `k/${String(index).padStart(4, '0')}`)
        await Promise.all(keys.map((key) => store.create(key, key)))
        assert.deepEqual(await keysOf(store, ''), keys)
      },
    },
  ],
}

async function increment(store: MetadataStore, key: string): Promise<void> {
  for (;;) {
    const { value, revision } = await entryOf(store, key)
    try {
      await store.compareAndSet(key, Number(value) + 1, revision)
      return
    } catch (error) {
      if (!hasCode(error, 'conflict')) throw error
    }
  }
}
