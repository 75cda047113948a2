import assert from 'node:assert/strict'
import { entryOf, rejectsWith, type StoreCases } from './store-suite.js'

/** One key at a time: create, read, replace, delete. */
export const entries: StoreCases = {
  title: 'entries',
  cases: [
    {
      title: 'a key that was never stored is undefined',
      async run(store) {
        assert.equal(await store.get('volume/none'), undefined)
      },
    },
    {
      title: 'what was created is read back with the revision that create gave',
      async run(store) {
        const revision = await store.create('volume/a', { size: 1, labels: { tier: 'db' } })
        assert.equal(typeof revision, 'string')
        assert.deepEqual(await store.get('volume/a'), {
          key: 'volume/a',
          value: { size: 1, labels: { tier: 'db' } },
          revision,
        })
      },
    },
    {
      title: 'creating a key twice is already-exists, names the key, and changes nothing',
      async run(store) {
        const revision = await store.create('volume/a', 1)
        const error = await rejectsWith('already-exists', () => store.create('volume/a', 2))
        assert.equal(error.subject, 'volume/a')
        assert.deepEqual(await store.get('volume/a'), { key: 'volume/a', value: 1, revision })
      },
    },
    {
      title: 'each write gives a revision that was never seen before',
      async run(store) {
        const seen = new Set<string>()
        let revision = await store.create('a', 0)
        for (let round = 1; round <= 20; round += 1) {
          seen.add(revision)
          revision = await store.compareAndSet('a', 0, revision)
        }
        await store.delete('a', revision)
        seen.add(revision)
        seen.add(await store.create('a', 0))
        assert.equal(seen.size, 22)
      },
    },
    {
      title: 'compareAndSet with an older revision is conflict, and changes nothing',
      async run(store) {
        const first = await store.create('a', 1)
        const second = await store.compareAndSet('a', 2, first)
        const error = await rejectsWith('conflict', () => store.compareAndSet('a', 3, first))
        assert.equal(error.subject, 'a')
        assert.deepEqual(await store.get('a'), { key: 'a', value: 2, revision: second })
      },
    },
    {
      title: 'compareAndSet of a key that is not there is conflict, and makes nothing',
      async run(store) {
        const revision = await store.create('a', 1)
        await store.delete('a', revision)
        await rejectsWith('conflict', () => store.compareAndSet('a', 2, revision))
        await rejectsWith('conflict', () => store.compareAndSet('b', 2, revision))
        assert.equal(await store.get('a'), undefined)
        assert.equal(await store.get('b'), undefined)
      },
    },
    {
      title: 'a revision of one key is none of another',
      async run(store) {
        const revision = await store.create('a', 1)
        await store.create('b', 1)
        await rejectsWith('conflict', () => store.compareAndSet('b', 2, revision))
        await rejectsWith('conflict', () => store.delete('b', revision))
      },
    },
    {
      title: 'delete takes the key away, once',
      async run(store) {
        const revision = await store.create('a', 1)
        await store.delete('a', revision)
        assert.equal(await store.get('a'), undefined)
        await rejectsWith('conflict', () => store.delete('a', revision))
      },
    },
    {
      title: 'delete with an older revision is conflict, and deletes nothing',
      async run(store) {
        const first = await store.create('a', 1)
        await store.compareAndSet('a', 2, first)
        await rejectsWith('conflict', () => store.delete('a', first))
        assert.equal((await entryOf(store, 'a')).value, 2)
      },
    },
    {
      title: 'a deleted key can be created again, and its old revision stays dead',
      async run(store) {
        const first = await store.create('a', 1)
        await store.delete('a', first)
        await store.create('a', 2)
        await rejectsWith('conflict', () => store.delete('a', first))
        assert.equal((await entryOf(store, 'a')).value, 2)
      },
    },
    {
      title: 'keys that differ by case, accents, or wildcard characters are different keys',
      async run(store) {
        const keys = [
          'key',
          'KEY',
          'k%y',
          'k_y',
          'k*y',
          'kéy',
          'ke\u0301y',
          'key ',
          "k'y",
          'k"y',
          'k\\y',
          '__proto__',
          '0',
        ]
        for (const [index, key] of keys.entries()) await store.create(key, index)
        for (const [index, key] of keys.entries()) assert.equal((await entryOf(store, key)).value, index, key)
      },
    },
  ],
}
