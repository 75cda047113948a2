import assert from 'node:assert/strict'
import { hasCode, PouchError } from '@pouch/errors'
import { describe, it } from 'vitest'
import { BackedStore } from '../src/index.js'
import type { StoreBackend } from '../src/store-backend.js'

/** A backend in memory whose next write fails, for good, once it is told so. */
class FailingBackend implements StoreBackend {
  readonly title = 'the backend'
  readonly capabilities = {
    compareAndSet: true,
    atomicBatch: true,
    watch: true,
    leases: false,
    shared: false,
    durable: true,
  }
  readonly entries = new Map<string, string>()
  failure: PouchError | undefined
  isAboutToFail = false
  writes = 0

  async *load(): AsyncGenerator<never, void, void> {}

  async read(key: string): Promise<unknown> {
    return this.entries.get(key)
  }

  async readPage(): Promise<[]> {
    return []
  }

  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    this.writes += 1
    if (this.isAboutToFail) {
      this.failure = new PouchError('internal', 'the disk is gone')
      throw this.failure
    }
    for (const [key, stored] of changes) if (stored !== undefined) this.entries.set(key, stored)
  }

  async close(): Promise<void> {}
}

describe('a backend that has failed for good', () => {
  it('gets no more writes: who was in the group is told of the failure, who comes later that nothing happens', async () => {
    const backend = new FailingBackend()
    const told: string[] = []
    const store = await BackedStore.open(backend, { warn: (_, message) => told.push(message) })
    await store.create('a', 1)
    backend.isAboutToFail = true
    const group = await Promise.allSettled([store.create('b', 1), store.create('c', 1), store.create('a', 2)])
    const codes = group.map((each) => (each.status === 'rejected' ? PouchError.from(each.reason).code : 'ok'))
    assert.deepEqual(codes, ['internal', 'internal', 'internal'])
    backend.isAboutToFail = false
    for (const lazy of [false, true]) {
      await assert.rejects(
        store.create('d', 1, { lazy }),
        (error) => hasCode(error, 'unavailable') && error.cause === backend.failure,
      )
    }
    assert.equal(backend.writes, 2)
    assert.equal((await store.get('a'))?.value, 1)
    assert.equal(await store.get('b'), undefined)
    assert.equal(told.length, 1)
    assert.equal(await store.exclusive('store.check', async () => 'read'), 'read')
    await store.close()
  })

  it('refuses to close in silence over lazy writes that are lost', async () => {
    const backend = new FailingBackend()
    const store = await BackedStore.open(backend)
    await store.create('lazy', 1, { lazy: true })
    backend.isAboutToFail = true
    await assert.rejects(store.create('b', 1), (error) => error === backend.failure)
    await assert.rejects(store.close(), (error) => hasCode(error, 'unavailable'))
  })
})
