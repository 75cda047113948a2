import assert from 'node:assert/strict'
import { entriesOf, keysOf, rejectsWith, type StoreCases } from './store-suite.js'

/** Keys whose UTF-8 bytes are in this order, which is not that of UTF-16 units for the last two. */
const inByteOrder = [
  '!',
  '0',
  '1',
  '10',
  '2',
  'A',
  'Z',
  '_',
  'a',
  'a!',
  'a/',
  'a0',
  'aa',
  'b',
  '~',
  'é',
  'ÿ',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
]

/** list(prefix). */
export const listing: StoreCases = {
  title: 'listing',
  cases: [
    {
      title: 'keys come in the order of their bytes',
      async run(store) {
        for (const key of [...inByteOrder].reverse()) await store.create(key, 1)
        assert.deepEqual(await keysOf(store, ''), inByteOrder)
      },
    },
    {
      title: 'an empty store lists nothing',
      async run(store) {
        assert.deepEqual(await keysOf(store, ''), [])
        assert.deepEqual(await keysOf(store, 'a'), [])
      },
    },
    {
      title: 'only keys that start with the prefix, the prefix itself among them',
      async run(store) {
        for (const key of ['a', 'a/', 'a/1', 'a/2/3', 'a0', 'aa', 'b', 'A/1', 'c/a/1']) await store.create(key, 1)
        assert.deepEqual(await keysOf(store, 'a/'), ['a/', 'a/1', 'a/2/3'])
        assert.deepEqual(await keysOf(store, 'a'), ['a', 'a/', 'a/1', 'a/2/3', 'a0', 'aa'])
        assert.deepEqual(await keysOf(store, 'a/2/3'), ['a/2/3'])
        assert.deepEqual(await keysOf(store, 'a/2/3/4'), [])
        assert.deepEqual(await keysOf(store, 'd'), [])
      },
    },
    {
      title: 'no character of a prefix is a wildcard',
      async run(store) {
        for (const key of ['vol%1', 'vol_1', 'volX1', 'vol*1', 'vol?1', 'vol[1', 'vol\\1', "vol'1", '%', '_']) {
          await store.create(key, 1)
        }
        assert.deepEqual(await keysOf(store, 'vol%'), ['vol%1'])
        assert.deepEqual(await keysOf(store, 'vol_'), ['vol_1'])
        assert.deepEqual(await keysOf(store, 'vol*'), ['vol*1'])
        assert.deepEqual(await keysOf(store, 'vol?'), ['vol?1'])
        assert.deepEqual(await keysOf(store, 'vol['), ['vol[1'])
        assert.deepEqual(await keysOf(store, 'vol\\'), ['vol\\1'])
        assert.deepEqual(await keysOf(store, "vol'"), ["vol'1"])
        assert.deepEqual(await keysOf(store, '%'), ['%'])
        assert.deepEqual(await keysOf(store, '_'), ['_'])
      },
    },
    {
      title: 'prefixes that end in the last characters there are',
      async run(store) {
        const keys = [
          'p',
          'p\u00ff',
          'p\u00ffx',
          'p\ud7ff',
          'p\ud7ffx',
          'p\ue000',
          'p\uffff',
          'p\uffffx',
          'p\u{10ffff}',
          'p\u{10ffff}x',
          'p\u{10ffff}\u{10ffff}',
          'q',
          '\u{10ffff}',
          '\u{10ffff}x',
        ]
        for (const key of keys) await store.create(key, 1)
        assert.deepEqual(await keysOf(store, 'p\u00ff'), ['p\u00ff', 'p\u00ffx'])
        assert.deepEqual(await keysOf(store, 'p\ud7ff'), ['p\ud7ff', 'p\ud7ffx'])
        assert.deepEqual(await keysOf(store, 'p\uffff'), ['p\uffff', 'p\uffffx'])
        assert.deepEqual(await keysOf(store, 'p\u{10ffff}'), ['p\u{10ffff}', 'p\u{10ffff}x', 'p\u{10ffff}\u{10ffff}'])
        assert.deepEqual(await keysOf(store, '\u{10ffff}'), ['\u{10ffff}', '\u{10ffff}x'])
        assert.deepEqual(await keysOf(store, 'p'), keys.slice(0, 11))
      },
    },
    {
      title: 'entries carry their values and revisions',
      async run(store) {
        const a = await store.create('a', { n: 1 })
        const b = await store.create('b', [2])
        assert.deepEqual(await entriesOf(store, ''), [
          { key: 'a', value: { n: 1 }, revision: a },
          { key: 'b', value: [2], revision: b },
        ])
      },
    },
    {
      title: 'many keys, each once, whatever the page size',
      async run(store) {
        const keys = Array.from({ length: 1030 }, (_, index) => `k/${String(index).padStart(5, '0')}`)
        for (let from = 0; from < keys.length; from += 100) {
          await store.batch(keys.slice(from, from + 100).map((key) => ({ type: 'create', key, value: 1 })))
        }
        await Promise.all(['a', 'k', 'k0', 'z'].map((key) => store.create(key, 1)))
        assert.deepEqual(await keysOf(store, 'k/'), keys)
      },
    },
    {
      title: 'deleting what is listed skips nothing',
      async run(store) {
        const keys = Array.from({ length: 300 }, (_, index) => `k/${String(index).padStart(3, '0')}`)
        await Promise.all(keys.map((key) => store.create(key, 1)))
        const seen: string[] = []
        for await (const { key, revision } of store.list('k/')) {
          seen.push(key)
          await store.delete(key, revision)
        }
        assert.deepEqual(seen, keys)
        assert.deepEqual(await keysOf(store, 'k/'), [])
      },
    },
    {
      title: 'writing while listing ends, stays in order, and skips no key that was there all the time',
      async run(store) {
        const keys = Array.from({ length: 200 }, (_, index) => `k/${String(index).padStart(3, '0')}`)
        await Promise.all(keys.map((key) => store.create(key, 1)))
        const seen: string[] = []
        for await (const { key } of store.list('k/')) {
          seen.push(key)
          assert(seen.length <= 600, 'the listing does not end')
          if (keys.includes(key)) await store.create(`${key}/sub`, 1)
          if (keys.includes(key)) await store.create(`a/${key}`, 1)
        }
        assert.deepEqual(
          seen.filter((key) => keys.includes(key)),
          keys,
        )
        assert.deepEqual(seen, [...new Set(seen)].sort())
      },
    },
    {
      title: 'a listing can be left early',
      async run(store) {
        await Promise.all(Array.from({ length: 300 }, (_, index) => store.create(`k/${index}`, 1)))
        for await (const { key } of store.list('k/')) {
          assert.equal(key, 'k/0')
          break
        }
        assert.equal((await keysOf(store, 'k/')).length, 300)
      },
    },
    {
      title: 'what cannot start a key is refused as a prefix',
      async run(store) {
        for (const prefix of ['a\u0000', 'half \ud83d', 'p'.repeat(257), 1 as unknown as string]) {
          await rejectsWith('invalid-argument', () => keysOf(store, prefix))
        }
      },
    },
  ],
}
