import { randomUUID } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PouchError } from '@pouch/errors'
import type { BackupStore, MetadataStore } from '@pouch/store'
import type { Logger } from '@pouch/volume-core'
import { type Handlers, type RouteCall, sent } from '../http/route.js'
import { sendingPrefix } from '../open-store.js'

/** What a backup is made of. */
export interface BackupOptions {
  readonly store: MetadataStore
  /** Where the copy is while it is sent. */
  readonly home: string
  readonly log: Logger
}

/** The route of backups. @param options none where there is no store to copy */
export function pouchBackupHandlers(options: BackupOptions | undefined): Handlers {
  return { PouchBackup: (call) => sendBackup(options, call) }
}

/** The copy is made before the first byte, and is as consistent as the store was at that moment. */
async function sendBackup(options: BackupOptions | undefined, call: RouteCall): Promise<typeof sent> {
  if (options === undefined || !canBackUp(options.store)) throw noFile()
  const { store, home, log } = options
  const path = await store.backup(join(home, `${sendingPrefix}${randomUUID()}`))
  const file = await open(path)
  try {
    // From here on it goes with the last one who has it open.
    await unlink(path)
    const { size } = await file.stat()
    call.response.writeHead(200, { 'content-type': 'application/vnd.sqlite3', 'content-length': size })
    await pipeline(file.createReadStream(), call.response)
  } catch (error) {
    if (!call.response.headersSent) throw error
    log.warn({ err: error }, 'a backup of the store was not sent to its end')
    call.response.destroy()
  } finally {
    await file.close()
  }
  return sent
}

function canBackUp(store: MetadataStore): store is BackupStore {
  return 'backup' in store && typeof store.backup === 'function'
}

function noFile(): PouchError {
  return new PouchError('unsupported', 'this daemon keeps its metadata in memory: there is nothing to back up', {
    op: 'daemon.backup',
  })
}
