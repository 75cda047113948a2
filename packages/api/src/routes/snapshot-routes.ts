import { PouchSnapshotCreateBodySchema, PouchSnapshotListSchema, PouchSnapshotSchema } from '../schema/pouch-facets.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

const tag = 'Pouch'

/** The routes of a volume's snapshots. */
export const snapshotRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/pouch/v1/volumes/{name}/snapshots',
    operationId: 'PouchSnapshotList',
    summary: 'List the snapshots of a volume',
    tag,
    replies: replies(200, PouchSnapshotListSchema, [404, 501]),
  },
  {
    method: 'POST',
    path: '/pouch/v1/volumes/{name}/snapshots',
    operationId: 'PouchSnapshotCreate',
    summary: 'Keep a volume as it is now, under a name',
    tag,
    body: PouchSnapshotCreateBodySchema,
    replies: replies(201, PouchSnapshotSchema, [404, 409, 501, 507]),
  },
  {
    method: 'DELETE',
    path: '/pouch/v1/volumes/{name}/snapshots/{snapshot}',
    operationId: 'PouchSnapshotDelete',
    summary: 'Remove a snapshot',
    tag,
    replies: replies(204, undefined, [404, 501]),
  },
  {
    method: 'POST',
    path: '/pouch/v1/volumes/{name}/snapshots/{snapshot}/restore',
    operationId: 'PouchSnapshotRestore',
    summary: 'Make a volume that is not mounted what it was; the snapshot stays',
    tag,
    replies: replies(204, undefined, [404, 409, 501]),
  },
]
