import { Type } from '@sinclair/typebox'
import { filterKeys } from '../filter-keys.js'
import {
  PouchDriverListSchema,
  PouchVolumeCreateBodySchema,
  PouchVolumeListSchema,
  PouchVolumeSchema,
} from '../schema/pouch.js'
import { filters } from './query-types.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

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
    summary: 'Make a volume; a name that exists with another driver or other options is refused',
    tag,
    body: PouchVolumeCreateBodySchema,
    replies: replies(201, PouchVolumeSchema, [404, 409, 501]),
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
    method: 'GET',
    path: '/pouch/v1/drivers',
    operationId: 'PouchDriverList',
    summary: 'List the volume drivers with what they can do and the options that they take',
    tag,
    replies: replies(200, PouchDriverListSchema),
  },
]
