import { describe, it } from 'vitest'
import { keyvStore } from '../src/keyv-store.js'
import { testMetadataStore } from '../src/testing.js'

testMetadataStore({
  runner: { describe, it },
  name: 'keyvStore over a Map',
  expects: { compareAndSet: true, atomicBatch: true, watch: true, leases: false, shared: false, durable: true },
  open: async () => {
    const adapter = new Map()
    let store = await keyvStore({ adapter, durable: true })
    return {
      store,
      reopen: async () => {
        store = await keyvStore({ adapter, durable: true })
        return store
      },
      close: () => store.close(),
    }
  },
})
