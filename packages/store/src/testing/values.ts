import assert from 'node:assert/strict'
import type { JsonValue } from '../metadata-store.js'
import { entryOf, rejectsWith, type StoreCases } from './store-suite.js'

const kept: readonly JsonValue[] = [
  null,
  true,
  false,
  0,
  -1.5,
  1e300,
  Number.MAX_SAFE_INTEGER,
  5e-324,
  '',
  'text',
  'line\nbreak\ttab "quotes" \\ back \u0000 nul \u2028 separator',
  'ünïcödé 😀 \u{10ffff} \uffff',
  'half a pair: \ud83d',
  ':base64:aGk=',
  ':',
  [],
  [[], [null], [[1, [2, [3]]]]],
  {},
  { '': 1, 'a.b': 2, 'a b': 3, length: 4, constructor: 'x', toString: 'y', value: { expires: 1 }, revision: 'r' },
  JSON.parse('{"__proto__": {"polluted": true}}') as JsonValue,
]

const cycle: { self?: unknown } = {}
cycle.self = cycle

const refused: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['an undefined property', { a: undefined }],
  ['undefined in an array', [1, undefined]],
  ['a hole in an array', Object.assign([1], { 2: 3 })],
  ['NaN', Number.NaN],
  ['Infinity', { a: [Number.POSITIVE_INFINITY] }],
  ['-0', -0],
  ['a BigInt', 1n],
  ['a Date', { at: new Date(0) }],
  ['a Map', new Map([['a', 1]])],
  ['a Set', [new Set([1])]],
  ['a Buffer', Buffer.from('a')],
  ['a Uint8Array', new Uint8Array(2)],
  ['a function', { run: () => 1 }],
  ['a symbol', Symbol('a')],
  ['a symbol key', { [Symbol('a')]: 1 }],
  [
    'a class instance',
    new (class Point {
      readonly x = 1
    })(),
  ],
  ['a boxed number', Object(1)],
  ['a toJSON method', { toJSON: () => 1 }],
  ['a getter', Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
  ['a cycle', cycle],
]

/** What goes in comes out, or is refused. */
export const values: StoreCases = {
  title: 'values',
  cases: [
    ...kept.map((value) => ({
      title: `${(JSON.stringify(value)).slice(0, 60)} comes back as it was`,
      async run(store: Parameters<StoreCases['cases'][number]['run']>[0]) {
        const revision = await store.create('a', value)
        assert.deepStrictEqual((await entryOf(store, 'a')).value, value)
        const other = await store.compareAndSet('a', [value], revision)
        assert.deepStrictEqual(await store.get('a'), { key: 'a', value: [value], revision: other })
      },
    })),
    {
      title: 'what JSON would change is refused, and nothing is stored',
      async run(store) {
        const revision = await store.create('old', 1)
        for (const [what, value] of refused) {
          const unfit = value as JsonValue
          const error = await rejectsWith('invalid-argument', () => store.create('a', unfit))
          assert.equal(error.subject, 'a', what)
          await rejectsWith('invalid-argument', () => store.compareAndSet('old', unfit, revision))
          await rejectsWith('invalid-argument', () => store.batch([{ type: 'create', key: 'a', value: unfit }]))
          assert.equal(await store.get('a'), undefined, what)
        }
        assert.deepEqual(await store.get('old'), { key: 'old', value: 1, revision })
      },
    },
    {
      title: 'a value is copied when it is stored',
      async run(store) {
        const value = { list: [1] }
        const creating = store.create('a', value)
        value.list.push(2)
        await creating
        value.list.push(3)
        assert.deepEqual((await entryOf(store, 'a')).value, { list: [1] })
      },
    },
    {
      title: 'a value is copied when it is read',
      async run(store) {
        await store.create('a', { list: [1] })
        const first = (await entryOf(store, 'a')).value as { list: number[] }
        first.list.push(2)
        for await (const { value } of store.list('a')) (value as { list: number[] }).list.push(3)
        assert.deepEqual((await entryOf(store, 'a')).value, { list: [1] })
      },
    },
  ],
}
