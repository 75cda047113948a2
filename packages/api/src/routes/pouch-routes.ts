import { Type } from '@sinclair/typebox'
import { filterKeys } from '../filter-keys.js'
import { PouchVolumeCreateBodySchema, PouchVolumeListSchema, PouchVolumeSchema } from '../schema/pouch.js'
import { PouchDriverListSchema } from '../schema/pouch-driver.js'
import {
  PouchUsageSchema,
  PouchVolumeDetailsSchema,
  PouchVolumeRenameBodySchema,
  PouchVolumeUpdateBodySchema,
  PouchVolumeUsageListSchema,
} from '../schema/pouch-facets.js'
import { archiveRoutes } from './archive-routes.js'
import { filters, flag } from './query-types.js'
import { replies } from './replies.js'
import type { Route } from './route.js'
import { snapshotRoutes } from './snapshot-routes.js'

const tag = 'Pouch'

/** What Docker's API lacks. These paths have no version of Docker's before them. */
export const pouchRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/pouch/v1/volumes',
    operationId: 'PouchVolumeList',
    summary: 'List volumes with their references',
    tag,
    query: Type.Object({ filters: filters(filterKeys.volumes) }),
    replies: replies(200, PouchVolumeListSchema),
  },
  {
    method: 'POST',
    path: '/pouch/v1/volumes',
    operationId: 'PouchVolumeCreate',
    summary: 'Make a volume, also from another one; a name that exists with another driver or other options is refused',
    tag,
    body: PouchVolumeCreateBodySchema,
    replies: replies(201, PouchVolumeSchema, [404, 409, 501, 507]),
  },
  {
    method: 'GET',
    path: '/pouch/v1/volumes/{name}',
    operationId: 'PouchVolumeInspect',
    summary: 'Show a volume with its references',
    tag,
    replies: replies(200, PouchVolumeSchema, [404]),
  },
  {
    method: 'PATCH',
    path: '/pouch/v1/volumes/{name}',
    operationId: 'PouchVolumeUpdate',
    summary: 'Change the labels and the size of a volume',
    tag,
    body: PouchVolumeUpdateBodySchema,
    replies: replies(200, PouchVolumeSchema, [404, 409, 501, 507]),
  },
  {
    method: 'DELETE',
    path: '/pouch/v1/volumes/{name}',
    operationId: 'PouchVolumeDelete',
    summary:
      'Remove a volume that nothing uses; with force it is forgotten also when its driver fails, whose error is the reply',
    tag,
    query: Type.Object({ force: flag() }),
    replies: replies(204, undefined, [404, 409]),
  },
  {
    method: 'GET',
    path: '/pouch/v1/volumes/{name}/details',
    operationId: 'PouchVolumeDetails',
    summary: 'Show what a volume is capable of, facts about it, and its snapshots',
    tag,
    replies: replies(200, PouchVolumeDetailsSchema, [404]),
  },
  {
    method: 'GET',
    path: '/pouch/v1/volumes/{name}/usage',
    operationId: 'PouchVolumeUsage',
    summary: 'Tell what a volume takes up',
    tag,
    replies: replies(200, PouchUsageSchema, [404, 409, 501]),
  },
  {
    method: 'POST',
    path: '/pouch/v1/volumes/{name}/rename',
    operationId: 'PouchVolumeRename',
    summary: 'Give a volume that nothing uses another name',
    tag,
    body: PouchVolumeRenameBodySchema,
    replies: replies(200, PouchVolumeSchema, [404, 409, 501]),
  },
  ...snapshotRoutes,
  ...archiveRoutes,
  {
    // Not below /volumes, where it would hide the volume of that name.
    method: 'GET',
    path: '/pouch/v1/usage',
    operationId: 'PouchVolumeUsages',
    summary: 'Tell what volumes take up; one that cannot be measured has a reason instead',
    tag,
    query: Type.Object({ filters: filters(filterKeys.volumes) }),
    replies: replies(200, PouchVolumeUsageListSchema),
  },
  {
    method: 'GET',
    path: '/pouch/v1/drivers',
    operationId: 'PouchDriverList',
    summary: 'List the volume drivers with what they can do, how they are, and the options that they take',
    tag,
    replies: replies(200, PouchDriverListSchema),
  },
  {
    method: 'GET',
    path: '/pouch/v1/backup',
    operationId: 'PouchBackup',
    summary: 'Get a whole copy of what the daemon knows of volumes and containers, as an SQLite file',
    tag,
    stream: 'database',
    replies: replies(200, undefined, [501, 507]),
  },
]
