import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { hasCode } from '@pouch/errors'
import Keyv, { type KeyvStoreAdapter } from 'keyv'
import { describe, it } from 'vitest'
import { keyvStore } from '../src/keyv-store.js'
import type { MetadataStore } from '../src/metadata-store.js'
import type { StoreLog } from '../src/store-log.js'

/** An adapter over a map that can fail, and stop for good, at a chosen write. */
class FaultyAdapter extends EventEmitter {
  readonly opts = {}
  readonly map = new Map<string, unknown>()
  /** How the n-th write from now on ends; writes after a `crash` do nothing any more. */
  fault: { readonly at: number; readonly how: 'throw' | 'false' | 'event' | 'crash' | 'break' } | undefined
  #crashed = false

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.map.get(key) as Value | undefined
  }

  async set(key: string, value: unknown): Promise<boolean> {
    const outcome = this.#count()
    if (outcome && !this.#crashed) this.map.set(key, value)
    return outcome
  }

  async delete(key: string): Promise<boolean> {
    const outcome = this.#count()
    return outcome && !this.#crashed && this.map.delete(key)
  }

  async clear(): Promise<void> {
    throw new Error('clear was called')
  }

  async *iterator(): AsyncGenerator<[string, undefined], void, void> {
    for (const key of this.map.keys()) yield [key, undefined]
  }

  /** What is on the disk when the process dies now. */
  afterCrash(): FaultyAdapter {
    const next = new FaultyAdapter()
    for (const [key, value] of this.map) next.map.set(key, value)
    return next
  }

  #count(): boolean {
    if (this.fault === undefined) return true
    const { at, how } = this.fault
    if (at > 0) {
      this.fault = { at: at - 1, how }
      return true
    }
    if (how === 'crash') this.#crashed = true
    if (how !== 'crash' && how !== 'break') this.fault = undefined
    if (how === 'event') this.emit('error', new Error('told by an event'))
    if (how === 'throw' || how === 'break') throw new Error('the adapter failed')
    return how !== 'false'
  }
}

const open = (adapter: FaultyAdapter, log?: StoreLog) =>
  keyvStore({ adapter: adapter as unknown as KeyvStoreAdapter, log })

async function contentOf(store: MetadataStore): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {}
  for await (const { key, value } of store.list('')) content[key] = value
  return content
}

const before = { changed: 'old', gone: 'old' }
const after = { changed: 'new', made: 'new', also: 'new' }

async function prepare(adapter: FaultyAdapter, log?: StoreLog) {
  const store = await open(adapter, log)
  const changed = await store.create('changed', 'old')
  const gone = await store.create('gone', 'old')
  const run = () =>
    store.batch([
      { type: 'create', key: 'made', value: 'new' },
      { type: 'update', key: 'changed', value: 'new', revision: changed },
      { type: 'delete', key: 'gone', revision: gone },
      { type: 'create', key: 'also', value: 'new' },
    ])
  return { store, run }
}

describe('keyvStore and an adapter that fails', () => {
  it('a batch that dies at any of its writes is all there or not at all when the store is opened again', async () => {
    const outcomes = new Set<string>()
    for (let at = 0; at < 12; at += 1) {
      const adapter = new FaultyAdapter()
      const { run } = await prepare(adapter)
      adapter.fault = { at, how: 'crash' }
      await Promise.allSettled([run()])
      const next = adapter.afterCrash()
      const content = await contentOf(await open(next))
      const isDone = 'made' in content
      outcomes.add(isDone ? 'done' : 'undone')
      assert.deepEqual(content, isDone ? { also: 'new', changed: 'new', made: 'new' } : before, `died at write ${at}`)
      const others = [...next.map.keys()].filter((key) => !key.startsWith('pouch:key:'))
      assert.deepEqual(others, [], `died at write ${at}`)
    }
    assert.deepEqual(outcomes, new Set(['done', 'undone']))
  })

  for (const how of ['throw', 'false', 'event'] as const) {
    it(`a batch with one write that fails (${how}) is refused and undone, and the store goes on`, async () => {
      let refused = 0
      for (let at = 0; at < 8; at += 1) {
        const adapter = new FaultyAdapter()
        const { store, run } = await prepare(adapter)
        adapter.fault = { at, how }
        const outcome = await run().then(
          () => 'done',
          () => 'refused',
        )
        refused += outcome === 'refused' ? 1 : 0
        assert.deepEqual(await contentOf(store), outcome === 'done' ? after : before, `failed at write ${at}`)
        await store.create('next', 1)
        await store.close()
        const next = await open(adapter)
        assert.deepEqual(await contentOf(next), { ...(outcome === 'done' ? after : before), next: 1 })
      }
      assert(refused >= 4, `only ${refused} of 8 faults were noticed`)
    })
  }

  it('a write of one key that fails is refused, and the key is as it was', async () => {
    for (const how of ['throw', 'false', 'event'] as const) {
      const adapter = new FaultyAdapter()
      const store = await open(adapter)
      const revision = await store.create('a', 1)
      adapter.fault = { at: 0, how }
      await assert.rejects(store.compareAndSet('a', 2, revision), how)
      await store.compareAndSet('a', 3, revision)
      adapter.fault = { at: 0, how }
      await assert.rejects(store.create('b', 2), how)
      assert.deepEqual(await contentOf(store), { a: 3 })
    }
  })

  it('an adapter that cannot even undo is asked again before anything else is done', async () => {
    const adapter = new FaultyAdapter()
    const { store, run } = await prepare(adapter)
    adapter.fault = { at: 4, how: 'break' }
    await assert.rejects(run(), (error) => hasCode(error, 'timeout'))
    await assert.rejects(store.get('changed'))
    await assert.rejects(store.create('next', 1))
    adapter.fault = undefined
    assert.deepEqual(await contentOf(store), before)
    await store.create('next', 1)
    await store.close()
    assert.deepEqual(await contentOf(await open(adapter)), { ...before, next: 1 })
  })

  it('what fails after a batch is stored, or while it is undone, is told to the log', async () => {
    const outcomes: unknown[] = []
    for (let at = 0; at < 8; at += 1) {
      const adapter = new FaultyAdapter()
      const told: string[] = []
      const log = {
        warn: (fields: object, message: string) =>
          void told.push(`${(fields as { err: Error }).err.message}: ${message}`),
      }
      const { run } = await prepare(adapter, log)
      adapter.fault = { at, how: 'throw' }
      const isDone = await run().then(
        () => true,
        () => false,
      )
      assert.deepEqual(told.length, isDone && adapter.fault === undefined ? 1 : 0, `failed at write ${at}`)
      if (told.length > 0) outcomes.push(told)
    }
    const said =
      'has a batch, and failed when what it had noted for a crash was taken away; that is tried again before the next call'
    assert.deepEqual(outcomes.slice(0, 1), [[`the adapter failed: the Keyv store pouch ${said}`]])
    const adapter = new FaultyAdapter()
    const told: string[] = []
    const { run } = await prepare(adapter, { warn: (_, message) => void told.push(message) })
    adapter.fault = { at: 4, how: 'break' }
    await assert.rejects(run(), (error) => hasCode(error, 'timeout'))
    assert.deepEqual(told, ['the Keyv store pouch failed when a batch was to be undone'])
  })

  it('a damaged intent is corrupt, and says what to do', async () => {
    const adapter = new FaultyAdapter()
    adapter.map.set('pouch:intent', '{"direction":"redo"')
    await assert.rejects(open(adapter), (error) => hasCode(error, 'corrupt') && error.message.includes('backup'))
  })
})

describe('keyvStore', () => {
  it('sets damaged entries aside, and tells', async () => {
    const adapter = new Map<unknown, unknown>()
    const store = await keyvStore({ adapter })
    await store.create('a', 1)
    await store.create('b', 2)
    await store.close()
    adapter.set('pouch:key:a', '{"revision":"x","val')
    adapter.set('pouch:key:c', { not: 'a text' })
    const told: unknown[] = []
    const next = await keyvStore({ adapter, log: { warn: (fields) => told.push(fields) } })
    assert.deepEqual(next.quarantined.map(({ key }) => key).sort(), ['a', 'c'])
    assert.equal(told.length, 2)
    assert.equal(await next.get('a'), undefined)
    assert.equal((await next.get('b'))?.value, 2)
    const [first] = next.quarantined
    assert.equal(first?.content, '{"revision":"x","val')
  })

  it('sees nothing of other namespaces, and nothing of other keys in the adapter', async () => {
    const adapter = new Map<unknown, unknown>([
      ['other', 'text'],
      [1, 2],
      ['pouchx:key:a', 'text'],
    ])
    const one = await keyvStore({ adapter })
    const other = await keyvStore({ adapter, namespace: 'pouch-x' })
    await one.create('a', 1)
    await other.create('b', 2)
    assert.deepEqual(await contentOf(one), { a: 1 })
    assert.deepEqual(await contentOf(other), { b: 2 })
    assert.equal(adapter.get('other'), 'text')
  })

  it('refuses namespaces that an adapter could take for a pattern', async () => {
    for (const namespace of ['', 'a_b', 'a%', 'A', 'a:b', 'ä']) {
      await assert.rejects(keyvStore({ adapter: new Map(), namespace }), (error) => hasCode(error, 'invalid-argument'))
    }
  })

  it('refuses a second store over the same adapter until the first is closed', async () => {
    const adapter = new Map()
    const store = await keyvStore({ adapter })
    await assert.rejects(keyvStore({ adapter }), (error) => hasCode(error, 'in-use'))
    await store.close()
    await keyvStore({ adapter })
  })

  it('refuses what is no adapter, and one that cannot find its keys', async () => {
    for (const adapter of [undefined, {}, new Keyv()]) {
      const opening = keyvStore({ adapter: adapter as unknown as KeyvStoreAdapter })
      await assert.rejects(opening, (error) => hasCode(error, 'invalid-argument'))
    }
    const blind = {
      opts: {},
      get: async () => undefined,
      set: async () => true,
      delete: async () => true,
      clear: async () => {},
    }
    const opening = keyvStore({ adapter: blind as unknown as KeyvStoreAdapter })
    await assert.rejects(opening, (error) => hasCode(error, 'unsupported'))
  })
})
