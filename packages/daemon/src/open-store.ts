import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type MetadataStore, memoryStore } from '@pouch/store'
import type { Logger } from '@pouch/volume-core'
import type { StoreKind } from './settings.js'

/** What the names of copies start with that are made for a client, in the home directory. */
export const sendingPrefix = 'pouch.db.sending-'

/** Where the store of a home directory is. */
export const storePathOf = (home: string): string => join(home, 'pouch.db')

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
  const path = storePathOf(home)
  const store = await (kind === 'sqlite' ? sqliteStore({ path, log }) : nodeSqliteStore({ path, log }))
  await removeUnsent(home)
  return store
}

/** Copies that a crash has left. Only with the store open: then no other daemon sends one. */
async function removeUnsent(home: string): Promise<void> {
  const names = (await readdir(home)).filter((name) => name.startsWith(sendingPrefix))
  await Promise.all(names.map((name) => rm(join(home, name))))
}
