import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { testMetadataStore } from '@pouch/store/testing'
import { describe, it } from 'vitest'
import { nodeSqliteStore } from '../src/index.js'

const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown }

// Node 20 has no SQLite; node-sqlite.mjs runs the suite on those that do.
if (getBuiltinModule?.('node:sqlite') === undefined) {
  describe('nodeSqliteStore', () => {
    it('is unsupported on a Node without SQLite', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
      try {
        const opening = nodeSqliteStore({ path: join(folder, 'state.db') })
        await assert.rejects(
          opening,
          (error) => hasCode(error, 'unsupported') && error.details.missing === 'node:sqlite',
        )
      } finally {
        await rm(folder, { recursive: true })
      }
    })
  })
} else {
  testMetadataStore({
    runner: { describe, it },
    name: 'nodeSqliteStore',
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
}
