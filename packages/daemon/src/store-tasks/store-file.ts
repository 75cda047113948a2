import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { StoreFileOptions } from '@pouch/store-sqlite'
import { storePathOf } from '../open-store.js'
import type { Settings } from '../settings.js'

/** The file of a daemon's store. @throws PouchError `invalid-argument` for a store that has none */
export function fileOf({ store, homeDir }: Pick<Settings, 'store' | 'homeDir'>): StoreFileOptions {
  if (store === 'memory') {
    throw new PouchError('invalid-argument', '--store memory keeps nothing: there is no file to look at', {
      op: 'daemon.store',
      subject: 'store',
    })
  }
  return { path: storePathOf(resolve(homeDir)), binding: store === 'sqlite' ? 'sqlite3' : 'node' }
}
