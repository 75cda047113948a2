import { Type } from '@sinclair/typebox'
import { filterKeys } from '../filter-keys.js'
import {
  VolumeCreateBodySchema,
  VolumeListResponseSchema,
  VolumePruneResponseSchema,
  VolumeSchema,
} from '../schema/volume.js'
import { filters, flag } from './query-types.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

const tag = 'Volumes'

/** The routes of volumes, as Docker has them. */
export const volumeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/volumes',
    operationId: 'VolumeList',
    summary: 'List volumes',
    tag,
    query: Type.Object({ filters: filters(filterKeys.volumes) }),
    replies: replies(200, VolumeListResponseSchema),
  },
  {
    method: 'POST',
    path: '/volumes/create',
    operationId: 'VolumeCreate',
    summary: 'Make a volume; an existing one of the same driver is returned as it is',
    tag,
    body: VolumeCreateBodySchema,
    replies: replies(201, VolumeSchema, [404, 409, 501]),
  },
  {
    method: 'GET',
    path: '/volumes/{name}',
    operationId: 'VolumeInspect',
    summary: 'Show a volume',
    tag,
    replies: replies(200, VolumeSchema, [404]),
  },
  {
    method: 'DELETE',
    path: '/volumes/{name}',
    operationId: 'VolumeDelete',
    summary: 'Remove a volume that nothing uses; force makes a missing one no error',
    tag,
    query: Type.Object({ force: flag() }),
    replies: replies(204, undefined, [404, 409]),
  },
  {
    method: 'POST',
    path: '/volumes/prune',
    operationId: 'VolumePrune',
    summary: 'Remove the anonymous volumes that nothing uses; the filter all=true takes named ones too',
    tag,
    query: Type.Object({ filters: filters(filterKeys.volumesPrune) }),
    replies: replies(200, VolumePruneResponseSchema),
  },
]
