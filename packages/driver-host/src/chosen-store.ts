import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { makeDirectories } from '@pouch/file-tree'
import { type MetadataStore, memoryStore } from '@pouch/store'
import type { Logger } from '@pouch/volume-core'
import type { StoreKind } from './invocation.js'

/**
 * Opens the metadata store, and makes the home that it is in. SQLite is loaded only when it is used: its binding may be missing.
 *
 * @throws PouchError `in-use` when another program has the home
 */
export async function chosenStore(kind: StoreKind, homeDir: string, log: Logger): Promise<MetadataStore> {
  if (kind === 'memory') {
    log.warn(
      {},
      'metadata is kept in memory: volumes are forgotten when this program ends, and their data stays behind',
    )
    return memoryStore()
  }
  try {
    await makeDirectories(homeDir, 0o710)
  } catch (error) {
    throw PouchError.from(error, { message: `cannot make the home ${homeDir}`, op: 'home', subject: homeDir })
  }
  const { sqliteStore } = await import('@pouch/store-sqlite')
  return await sqliteStore({ path: join(homeDir, 'pouch.db'), log })
}
