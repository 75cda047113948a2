import { type PouchVolumeImportResponse, type PouchVolumeMigrateBody, parseMapQuery } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import { type CompressionFormat, compressed, decompressed } from '@pouch/file-tree'
import type { Logger } from '@pouch/volume-core'
import type { Handlers, RouteCall, sent } from '../http/route.js'
import { ArchiveReply } from './archive-reply.js'
import { MigrationReply } from './migration-reply.js'
import { pouchVolume } from './volume-json.js'
import { bodyOf, missing } from './volumes.js'
import { WarningList } from './warning-list.js'

/** The routes that carry the content of volumes. A client that goes away ends what it asked for, and nothing is left of it. */
export function pouchArchiveHandlers(engine: Engine, log: Logger): Handlers {
  return {
    PouchVolumeExport: (call) => exportVolume(engine, call, log),
    PouchVolumeImport: (call) => importVolume(engine, call),
    PouchVolumeMigrate: (call) => migrateVolume(engine, call, log),
  }
}

async function exportVolume(engine: Engine, call: RouteCall, log: Logger): Promise<typeof sent> {
  const { params, query, response, signal } = call
  const volume = params.name ?? ''
  const compress = compressionOf(query.text('compress'))
  const reply = new ArchiveReply(response, { volume, compress, framed: query.bool('frames'), log })
  // A compressor reads ahead of itself.
  const chunks = compress === undefined ? ('borrowed' as const) : ('owned' as const)
  const request = { allowInconsistent: query.bool('inconsistent'), onWarning: reply.warn, chunks }
  const archive = await engine.volumes.export(volume, request, { signal })
  try {
    return await reply.send(compress === undefined ? archive : compressed(archive, compress))
  } finally {
    await archive[Symbol.asyncDispose]()
  }
}

function compressionOf(text: string | undefined): CompressionFormat | undefined {
  if (text === undefined || text === 'gzip' || text === 'zstd') return text
  const message = `invalid value for compress: '${text}' is neither gzip nor zstd`
  throw new PouchError('invalid-argument', message, { op: 'volume.export', subject: text })
}

async function importVolume(engine: Engine, call: RouteCall): Promise<PouchVolumeImportResponse> {
  const { query, request, signal } = call
  const map = (name: string) => parseMapQuery(query.text(name), name)
  const warnings = new WarningList()
  const wanted = {
    name: query.text('name'),
    driver: query.text('driver'),
    options: map('options'),
    labels: map('labels'),
    onWarning: warnings.add,
  }
  // The reply needs the connection, whatever becomes of the body.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  const volume = await engine.volumes.import(wanted, decompressed(body), { signal })
  return { volume: pouchVolume(volume), warnings: warnings.told() }
}

async function migrateVolume(engine: Engine, call: RouteCall, log: Logger): Promise<typeof sent> {
  const { params, body, response, signal } = call
  const volume = params.name ?? ''
  const { driver, options } = bodyOf<PouchVolumeMigrateBody>(body, 'volume.migrate')
  if (driver === undefined) throw missing('volume.migrate', 'driver: where the volume is to move')
  const reply = new MigrationReply(response, { volume, log })
  const { onProgress, onWarning } = reply
  return reply.run(() => engine.volumes.migrate(volume, { driver, options, onProgress, onWarning }, { signal }))
}
