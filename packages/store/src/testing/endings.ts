import assert from 'node:assert/strict'
import { entryOf, keysOf, rejectsWith, type StoreCases } from './store-suite.js'

/** Signals that fire, and stores that close. */
export const endings: StoreCases = {
  title: 'endings',
  cases: [
    {
      title: 'a signal that has fired refuses every call, and nothing is done',
      async run(store) {
        const revision = await store.create('a', 1)
        const signal = AbortSignal.abort(new Error('enough'))
        await rejectsWith('aborted', () => store.get('a', { signal }))
        await rejectsWith('aborted', () => store.create('b', 1, { signal }))
        await rejectsWith('aborted', () => store.create('b', 1, { signal, lazy: true }))
        await rejectsWith('aborted', () => store.compareAndSet('a', 2, revision, { signal }))
        await rejectsWith('aborted', () => store.delete('a', revision, { signal }))
        await rejectsWith('aborted', () => store.batch([{ type: 'create', key: 'b', value: 1 }], { signal }))
        await rejectsWith('aborted', async () => {
          for await (const entry of store.list('', { signal })) assert.fail(`${entry.key} was listed`)
        })
        assert.deepEqual(await keysOf(store, ''), ['a'])
        assert.deepEqual(await store.get('a'), { key: 'a', value: 1, revision })
      },
    },
    {
      title: 'a signal that fires ends the wait of a write, and the others are written',
      async run(store) {
        const controller = new AbortController()
        const writing = Array.from({ length: 20 }, (_, index) => store.create(`k/${index}`, index))
        const cancelled = store.create('cancelled', 1, { signal: controller.signal })
        controller.abort()
        await rejectsWith('aborted', () => cancelled)
        await Promise.all(writing)
        assert.equal((await keysOf(store, 'k/')).length, 20)
        await store.create('next', 1)
      },
    },
    {
      title: 'a deadline that passes is timeout',
      async run(store) {
        const signal = AbortSignal.abort(new DOMException('late', 'TimeoutError'))
        await rejectsWith('timeout', () => store.get('a', { signal }))
      },
    },
    {
      title: 'a signal stops a listing',
      async run(store) {
        await Promise.all(Array.from({ length: 300 }, (_, index) => store.create(`k/${index}`, 1)))
        const controller = new AbortController()
        let seen = 0
        await rejectsWith('aborted', async () => {
          for await (const { key } of store.list('k/', { signal: controller.signal })) {
            assert(key.startsWith('k/'))
            seen += 1
            if (seen === 3) controller.abort()
          }
        })
        assert.equal(seen, 3)
      },
    },
    {
      title: 'a signal that fires after the call changes nothing',
      async run(store) {
        const controller = new AbortController()
        await store.create('a', 1, { signal: controller.signal })
        controller.abort()
        assert.equal((await entryOf(store, 'a')).value, 1)
      },
    },
    {
      title: 'closing twice is closing once',
      async run(store) {
        await store.create('a', 1)
        await Promise.all([store.close(), store.close()])
        await store.close()
      },
    },
    {
      title: 'close lets the calls before it finish',
      async run(store) {
        const writing = [store.create('a', 1), store.create('b', 1)]
        await store.close()
        const revisions = await Promise.all(writing)
        assert.equal(new Set(revisions).size, 2)
      },
    },
    {
      title: 'every call on a closed store is unavailable',
      async run(store) {
        const revision = await store.create('a', 1)
        await store.close()
        await rejectsWith('unavailable', () => store.get('a'))
        await rejectsWith('unavailable', () => store.create('b', 1))
        await rejectsWith('unavailable', () => store.create('b', 1, { lazy: true }))
        await rejectsWith('unavailable', () => store.compareAndSet('a', 2, revision))
        await rejectsWith('unavailable', () => store.delete('a', revision))
        await rejectsWith('unavailable', () => store.batch([{ type: 'create', key: 'b', value: 1 }]))
        await rejectsWith('unavailable', () => keysOf(store, ''))
      },
    },
  ],
}
