import { Type } from '@sinclair/typebox'
import { filterKeys } from '../filter-keys.js'
import { DiskUsageSchema, EventMessageSchema, SystemInfoSchema, SystemVersionSchema } from '../schema/system.js'
import { filters, moment } from './query-types.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

const tag = 'System'

/** The routes of the daemon itself. */
export const systemRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/_ping',
    operationId: 'SystemPing',
    summary: 'Ask whether the daemon is there; the headers tell its version',
    tag,
    replies: { 200: { description: 'OK', schema: Type.String() } },
  },
  {
    method: 'HEAD',
    path: '/_ping',
    operationId: 'SystemPingHead',
    summary: 'Ask whether the daemon is there, without a body',
    tag,
    replies: { 200: { description: 'it is' } },
  },
  {
    method: 'GET',
    path: '/info',
    operationId: 'SystemInfo',
    summary: 'Show what the daemon is and runs on',
    tag,
    replies: replies(200, SystemInfoSchema),
  },
  {
    method: 'GET',
    path: '/version',
    operationId: 'SystemVersion',
    summary: 'Show the versions of the daemon and its parts',
    tag,
    replies: replies(200, SystemVersionSchema),
  },
  {
    method: 'GET',
    path: '/events',
    operationId: 'SystemEvents',
    summary: 'Follow what happens; since replays the last 256 events',
    tag,
    query: Type.Object({ since: moment(), until: moment(), filters: filters(filterKeys.events) }),
    stream: 'events',
    replies: replies(200, EventMessageSchema),
  },
  {
    method: 'GET',
    path: '/system/df',
    operationId: 'SystemDataUsage',
    summary: 'Show what takes up space',
    tag,
    query: Type.Object({ type: Type.Optional(Type.Array(Type.String())) }),
    replies: replies(200, DiskUsageSchema),
  },
]
