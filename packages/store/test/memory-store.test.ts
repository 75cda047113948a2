import { describe, it } from 'vitest'
import { memoryStore } from '../src/memory-store.js'
import { testMetadataStore } from '../src/testing.js'

testMetadataStore({
  runner: { describe, it },
  name: 'memoryStore',
  expects: { compareAndSet: true, atomicBatch: true, watch: true, leases: false, shared: false, durable: false },
  open: async () => {
    const store = memoryStore()
    return { store, close: () => store.close() }
  },
})
