import assert from 'node:assert/strict'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { describe, it } from 'vitest'
import { keyvConnect } from '../src/keyv-connection.js'
import type { SqlConnect } from '../src/sql-connection.js'
import { openSqliteStore, type SqliteStore } from '../src/sqlite-store.js'
import { useFolders } from './folders.js'

describe('writes that wait together', () => {
  const { makeFolder, keep } = useFolders()

  /** A store whose write statements are counted, and fail when `fails` says so. */
  async function openCounted(fails: (parameter: string) => boolean = () => false) {
    const written: string[] = []
    const connect: SqlConnect = async (path, busyTimeoutMs) => {
      const connection = await keyvConnect()(path, busyTimeoutMs)
      return {
        close: () => connection.close(),
        query(sql, ...parameters) {
          if (!sql.trim().startsWith('INSERT')) return connection.query(sql, ...parameters)
          const text = String(parameters[0])
          written.push(text)
          if (fails(text))
            return Promise.reject(Object.assign(new Error('SQLITE_FULL: database or disk is full'), { errno: 13 }))
          return connection.query(sql, ...parameters)
        },
      }
    }
    const store: SqliteStore = keep(await openSqliteStore({ path: join(await makeFolder(), 'state.db') }, { connect }))
    return { store, written }
  }

  it('are on the disk before they are acknowledged: a write-ahead log that is synced with each transaction', async () => {
    const settings: Record<string, unknown> = {}
    const connect: SqlConnect = async (path, busyTimeoutMs) => {
      const connection = await keyvConnect()(path, busyTimeoutMs)
      return {
        query: (sql, ...parameters) => connection.query(sql, ...parameters),
        async close() {
          for (const name of ['journal_mode', 'synchronous', 'locking_mode']) {
            const [row] = await connection.query(`PRAGMA ${name}`)
            settings[name] = row?.[name]
          }
          await connection.close()
        },
      }
    }
    const store = keep(await openSqliteStore({ path: join(await makeFolder(), 'state.db') }, { connect }))
    await store.create('a', 1)
    await store.close()
    const full = 2
    assert.deepEqual(settings, { journal_mode: 'wal', synchronous: full, locking_mode: 'exclusive' })
  })

  it('are one statement, whatever they do', async () => {
    const { store, written } = await openCounted()
    const revision = await store.create('old', 1)
    const gone = await store.create('gone', 1)
    written.length = 0
    await Promise.all([
      ...Array.from({ length: 64 }, (_, index) => store.create(`k/${index}`, index)),
      store.compareAndSet('old', 2, revision),
      store.delete('gone', gone),
      store.batch([{ type: 'create', key: 'b', value: 1 }]),
    ])
    assert.equal(written.length, 1)
  })

  it('of 64 callers that go on and on share about one statement a round', async () => {
    const { store, written } = await openCounted()
    const rounds = 10
    await Promise.all(
      Array.from({ length: 64 }, async (_, caller) => {
        for (let round = 0; round < rounds; round += 1) await store.create(`k/${caller}/${round}`, 1)
      }),
    )
    assert(written.length <= rounds * 2, `${written.length} statements for ${rounds} rounds`)
  })

  it('lazy writes take no statement, and ride with the next one', async () => {
    const { store, written } = await openCounted()
    const revision = await store.create('mark', 0, { lazy: true })
    await store.compareAndSet('mark', 1, revision, { lazy: true })
    assert.equal(written.length, 0)
    await store.create('a', 1)
    assert.equal(written.length, 1)
    assert.deepEqual(Object.keys(JSON.parse(written[0] ?? '') as object), ['mark', 'a'])
    await store.create('b', 1)
    assert.equal(written[1]?.includes('mark'), false)
  })

  it('fail only by their own fault', async () => {
    const { store } = await openCounted((text) => text.includes('guilty'))
    const calls = ['a', 'guilty/1', 'b', 'guilty/2', 'c'].map((key) => store.create(key, 1))
    const outcomes = await Promise.allSettled(calls)
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    )
    for (const outcome of outcomes) if (outcome.status === 'rejected') assert(hasCode(outcome.reason, 'exhausted'))
    const keys: string[] = []
    for await (const { key } of store.list('')) keys.push(key)
    assert.deepEqual(keys, ['a', 'b', 'c'])
  })

  it('a write that failed has not happened: its key is free, its revision unknown', async () => {
    let full = true
    const { store } = await openCounted(() => full)
    const failing = [store.create('a', 1), store.create('a', 2), store.create('b', 1)]
    for (const each of failing) await assert.rejects(each, (error) => hasCode(error, 'exhausted'))
    assert.equal(await store.get('a'), undefined)
    full = false
    const revision = await store.create('a', 3)
    await store.compareAndSet('a', 4, revision)
  })

  it('a lazy write survives the failure of the write that it rode with', async () => {
    let full = false
    const { store } = await openCounted(() => full)
    await store.create('mark', 1, { lazy: true })
    full = true
    await assert.rejects(store.create('a', 1))
    assert.equal((await store.get('mark'))?.value, 1)
    full = false
    await store.create('b', 1)
    assert.equal((await store.check()).entries, 2)
  })
})
