import { Type } from '@sinclair/typebox'
import {
  PouchMigrateMessageSchema,
  PouchVolumeImportResponseSchema,
  PouchVolumeMigrateBodySchema,
} from '../schema/pouch-facets.js'
import { flag, stringMap, text } from './query-types.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

const tag = 'Pouch'

/** The routes that carry the content of a volume. */
export const archiveRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/pouch/v1/volumes/{name}/archive',
    operationId: 'PouchVolumeExport',
    summary: 'Get the content of a volume as a tar archive; one that fails midway is broken off, never ended',
    tag,
    query: Type.Object({
      compress: Type.Optional(Type.Union([Type.Literal('gzip'), Type.Literal('zstd')])),
      inconsistent: flag(),
      frames: Type.Optional(
        Type.Boolean({ description: 'in frames: stdout has the archive, stderr a warning each, error a JSON error' }),
      ),
    }),
    stream: 'archive',
    replies: replies(200, undefined, [404, 409, 501]),
  },
  {
    method: 'POST',
    path: '/pouch/v1/volumes/import',
    operationId: 'PouchVolumeImport',
    summary: 'Make a volume of a tar archive, plain or compressed by gzip or zstd; a part of one makes none',
    tag,
    query: Type.Object({
      name: text(),
      driver: text(),
      options: stringMap("the driver's options"),
      labels: stringMap('labels'),
    }),
    upload: 'application/x-tar',
    replies: replies(201, PouchVolumeImportResponseSchema, [404, 409, 501, 507]),
  },
  {
    method: 'POST',
    path: '/pouch/v1/volumes/{name}/migrate',
    operationId: 'PouchVolumeMigrate',
    summary: 'Move a volume that nothing uses to another driver: copied, compared, then switched over',
    tag,
    body: PouchVolumeMigrateBodySchema,
    stream: 'progress',
    replies: replies(200, PouchMigrateMessageSchema, [404, 409, 501, 507]),
  },
]
