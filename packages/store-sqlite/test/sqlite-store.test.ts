import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testMetadataStore } from '@pouch/store/testing'
import { describe, it } from 'vitest'
import { sqliteStore } from '../src/index.js'

testMetadataStore({
  runner: { describe, it },
  name: 'sqliteStore',
  expects: { compareAndSet: true, atomicBatch: true, watch: true, leases: false, shared: false, durable: true },
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
    const path = join(folder, 'state.db')
    let store = await sqliteStore({ path })
    return {
      store,
      reopen: async () => {
        store = await sqliteStore({ path })
        return store
      },
      close: async () => {
        await store.close()
        await rm(folder, { recursive: true })
      },
    }
  },
})
