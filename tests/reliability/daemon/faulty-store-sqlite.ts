import * as real from '@pouch/store-sqlite'
import { faultyStore } from '../faults/faulty-store.js'
import { plan } from './armed-plan.js'

export * from '@pouch/store-sqlite'

/** The store, each write of which is a step. */
export const sqliteStore: typeof real.sqliteStore = async (options) => {
  const store = await real.sqliteStore(options)
  return faultyStore(store, plan) as typeof store
}
