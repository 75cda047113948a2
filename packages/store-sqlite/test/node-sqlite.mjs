// Runs the conformance suite over nodeSqliteStore, on a Node that has SQLite; over what was built, since Node reads no
// TypeScript here:  pnpm build && <a newer node> --test packages/store-sqlite/test/node-sqlite.mjs
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { testMetadataStore } from '@pouch/store/testing'
import { nodeSqliteStore, sqliteStore } from '@pouch/store-sqlite'

testMetadataStore({
  runner: { describe, it },
  name: `nodeSqliteStore on Node ${process.versions.node}`,
  expects: { compareAndSet: true, atomicBatch: true, watch: true, leases: false, shared: false, durable: true },
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
    const path = join(folder, 'state.db')
    let store = await nodeSqliteStore({ path })
    return {
      store,
      reopen: async () => {
        store = await nodeSqliteStore({ path })
        return store
      },
      close: async () => {
        await store.close()
        await rm(folder, { recursive: true })
      },
    }
  },
})

describe('a file of nodeSqliteStore', () => {
  it('is one of sqliteStore too, and is locked, backed up and checked the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
    try {
      const path = join(folder, 'state.db')
      const store = await nodeSqliteStore({ path })
      await store.create('a', { n: 1 })
      await assert.rejects(nodeSqliteStore({ path }), { code: 'in-use' })
      await assert.rejects(sqliteStore({ path }), { code: 'in-use' })
      assert.equal((await store.check()).ok, true)
      const copy = await store.backup()
      await store.close()
      for (const file of [path, copy]) {
        const other = await sqliteStore({ path: file })
        assert.deepEqual((await other.get('a')).value, { n: 1 })
        await other.close()
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
