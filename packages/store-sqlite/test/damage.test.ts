import assert from 'node:assert/strict'
import { open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { quarantinePrefix } from '@pouch/store'
import { describe, it } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { keyvConnect } from '../src/keyv-connection.js'
import { useFolders } from './folders.js'

describe('damage', () => {
  const { makeFolder, keep } = useFolders()

  async function makeStore(entries: number): Promise<string> {
    const path = join(await makeFolder(), 'state.db')
    const store = keep(await sqliteStore({ path }))
    await Promise.all(
      Array.from({ length: entries }, (_, index) => store.create(`k/${index}`, { text: 'x'.repeat(500) })),
    )
    await store.close()
    return path
  }

  async function execute(path: string, sql: string): Promise<void> {
    const connection = await keyvConnect()(path, 1000)
    await connection.query(sql)
    await connection.close()
  }

  it('rows that are no entries are told, set aside, and harm none of the others', async () => {
    const path = await makeStore(8)
    await execute(path, `UPDATE keyv SET value = '{"revision":"r","value":{"te' WHERE key = 'k/1'`)
    await execute(path, `UPDATE keyv SET value = x'00ff00' WHERE key = 'k/2'`)
    await execute(path, `UPDATE keyv SET value = NULL WHERE key = 'k/3'`)
    await execute(path, `UPDATE keyv SET value = '{"value":1}' WHERE key = 'k/4'`)
    await execute(path, `UPDATE keyv SET value = '{"revision":7,"value":1}' WHERE key = 'k/5'`)
    await execute(path, `UPDATE keyv SET value = '{"revision":"r"}' WHERE key = 'k/6'`)
    const told: object[] = []
    const store = keep(await sqliteStore({ path, log: { warn: (fields) => told.push(fields) } }))
    const damaged = ['k/1', 'k/2', 'k/3', 'k/4', 'k/5', 'k/6']
    assert.deepEqual(
      store.quarantined.map(({ key }) => key),
      damaged,
    )
    assert.deepEqual(
      told.map((fields) => (fields as { key: string }).key),
      damaged,
    )
    const left: string[] = []
    for await (const { key } of store.list('k/')) left.push(key)
    assert.deepEqual(left, ['k/0', 'k/7'])
    const aside = new Map<unknown, unknown>()
    for await (const { value } of store.list(quarantinePrefix)) {
      const { key, content } = value as { key: string; content: string }
      aside.set(key, content)
    }
    assert.deepEqual([...aside.keys()].sort(), damaged)
    assert.equal(aside.get('k/1'), '{"revision":"r","value":{"te')
    assert.equal(aside.get('k/2'), Buffer.from([0, 255, 0]).toString('base64'))
    await store.create('k/1', 'anew')
    await store.close()
    const next = keep(await sqliteStore({ path }))
    assert.deepEqual(next.quarantined, [])
    assert.equal((await next.get('k/1'))?.value, 'anew')
    assert.deepEqual(await next.check(), { ok: true, entries: 9, problems: [], damagedKeys: [] })
  })

  it('a row whose key is no text is left alone', async () => {
    const path = await makeStore(2)
    await execute(path, `INSERT INTO keyv(key, value) VALUES (x'ff', 'x'), (NULL, 'y')`)
    const store = keep(await sqliteStore({ path }))
    const keys: string[] = []
    for await (const { key } of store.list('')) keys.push(key)
    assert.deepEqual(keys, ['k/0', 'k/1'])
  })

  it('a file with overwritten pages is corrupt, and the error names it and the way out', async () => {
    const path = await makeStore(400)
    const file = await open(path, 'r+')
    const { size } = await file.stat()
    for (let at = 4096 * 2; at + 4096 <= size; at += 4096 * 3) await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, at)
    await file.close()
    await assert.rejects(sqliteStore({ path }), (error) => {
      assert(hasCode(error, 'corrupt'), String(error))
      assert.equal(error.subject, path)
      assert(error.message.includes(`${path}.backup-`))
      return true
    })
  })

  it('a file that is no database is corrupt, stays as it is, and stays unlocked', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'state.db')
    await writeFile(path, 'this is a text file\n'.repeat(500))
    for (const _ of [1, 2]) await assert.rejects(sqliteStore({ path }), (error) => hasCode(error, 'corrupt'))
    assert.deepEqual(await readdir(folder), ['state.db'])
  })

  it('a file of a newer layout is refused by name', async () => {
    const path = await makeStore(1)
    await execute(path, 'PRAGMA user_version=99')
    await assert.rejects(sqliteStore({ path }), (error) => {
      assert(hasCode(error, 'unsupported'), String(error))
      assert.deepEqual(error.details, { version: 99, known: 1 })
      assert(error.message.includes(path))
      return true
    })
  })
})
