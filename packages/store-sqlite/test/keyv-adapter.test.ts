import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KeyvSqlite } from '@keyv/sqlite'
import { keyvStore } from '@pouch/store'
import { testMetadataStore } from '@pouch/store/testing'
import { describe, it } from 'vitest'

// The same file through Keyv alone: what the generic store makes of a real adapter, with its pages, its LIKE and its errors.
async function openOver(path: string) {
  const adapter = new KeyvSqlite({ uri: `sqlite://${path}` })
  // The store's own database waits for the disk at every write; the suite is about what is stored, not about when.
  await adapter.query('PRAGMA synchronous=OFF')
  return keyvStore({ adapter, durable: true })
}

testMetadataStore({
  runner: { describe, it },
  name: 'keyvStore over @keyv/sqlite',
  expects: { compareAndSet: true, atomicBatch: true, watch: true, leases: false, shared: false, durable: true },
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
    const path = join(folder, 'keyv.db')
    let store = await openOver(path)
    return {
      store,
      reopen: async () => {
        store = await openOver(path)
        return store
      },
      close: async () => {
        await store.close()
        await rm(folder, { recursive: true })
      },
    }
  },
})
