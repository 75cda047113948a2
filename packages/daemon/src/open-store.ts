import { join } from 'node:path'
import { type MetadataStore, memoryStore } from '@pouch/store'
import type { Logger } from '@pouch/volume-core'
import type { StoreKind } from './settings.js'

/**
 * Opens the daemon's metadata store. SQLite is loaded only when it is used: its binding may be missing.
 *
 * @throws PouchError `in-use` when another daemon has the file, `unsupported` when the kind cannot be had on this machine
 */
export async function openStore(kind: StoreKind, home: string, log: Logger): Promise<MetadataStore> {
  if (kind === 'memory') {
    log.warn({}, 'metadata is kept in memory: volumes and containers are forgotten when this daemon ends')
    return memoryStore()
  }
  const { nodeSqliteStore, sqliteStore } = await import('@pouch/store-sqlite')
  const path = join(home, 'pouch.db')
  return await (kind === 'sqlite' ? sqliteStore({ path, log }) : nodeSqliteStore({ path, log }))
}
