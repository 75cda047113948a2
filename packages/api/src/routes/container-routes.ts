import { Type } from '@sinclair/typebox'
import { filterKeys } from '../filter-keys.js'
import {
  ContainerCreateBodySchema,
  ContainerCreateResponseSchema,
  ContainerPruneResponseSchema,
  ContainerWaitResponseSchema,
} from '../schema/container-create.js'
import { ContainerInspectSchema } from '../schema/container-inspect.js'
import { ContainerSummarySchema } from '../schema/container-summary.js'
import { filters, flag, int, moment, text } from './query-types.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

const tag = 'Containers'
const stopQuery = Type.Object({ signal: text(), t: int() })

/** The routes of containers. */
export const containerRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/containers/json',
    operationId: 'ContainerList',
    summary: 'List containers, the newest first',
    tag,
    query: Type.Object({ all: flag(), limit: int(), size: flag(), filters: filters(filterKeys.containers) }),
    replies: replies(200, Type.Array(ContainerSummarySchema)),
  },
  {
    method: 'POST',
    path: '/containers/create',
    operationId: 'ContainerCreate',
    summary: 'Make a container',
    tag,
    query: Type.Object({ name: text(), platform: text() }),
    body: ContainerCreateBodySchema,
    replies: replies(201, ContainerCreateResponseSchema, [404, 409]),
  },
  {
    method: 'GET',
    path: '/containers/{id}/json',
    operationId: 'ContainerInspect',
    summary: 'Show everything about a container',
    tag,
    query: Type.Object({ size: flag() }),
    replies: replies(200, ContainerInspectSchema, [404]),
  },
  {
    method: 'GET',
    path: '/containers/{id}/logs',
    operationId: 'ContainerLogs',
    summary: 'Read what a container has written',
    tag,
    query: Type.Object({
      follow: flag(),
      stdout: flag(),
      stderr: flag(),
      since: moment(),
      until: moment(),
      timestamps: flag(),
      details: flag(),
      tail: Type.Optional(Type.String({ description: 'a number of lines, or all' })),
    }),
    stream: 'logs',
    replies: replies(200, undefined, [404, 501]),
  },
  ...['start', 'stop', 'restart'].map((verb): Route => {
    const operationId = `Container${verb[0]?.toUpperCase()}${verb.slice(1)}`
    const query = verb === 'start' ? Type.Object({ detachKeys: text() }) : stopQuery
    const others = verb === 'restart' ? [404] : [304, 404]
    const summary = `${operationId.slice(9)} a container`
    return {
      method: 'POST',
      path: `/containers/{id}/${verb}`,
      operationId,
      summary,
      tag,
      query,
      replies: replies(204, undefined, others),
    }
  }),
  {
    method: 'POST',
    path: '/containers/{id}/kill',
    operationId: 'ContainerKill',
    summary: 'Send a signal to a container',
    tag,
    query: Type.Object({ signal: text() }),
    replies: replies(204, undefined, [404, 409]),
  },
  {
    method: 'POST',
    path: '/containers/{id}/rename',
    operationId: 'ContainerRename',
    summary: 'Give a container another name',
    tag,
    query: Type.Object({ name: Type.String() }),
    replies: replies(204, undefined, [404, 409]),
  },
  {
    method: 'POST',
    path: '/containers/{id}/pause',
    operationId: 'ContainerPause',
    summary: 'Freeze the processes of a container',
    tag,
    replies: replies(204, undefined, [404, 409]),
  },
  {
    method: 'POST',
    path: '/containers/{id}/unpause',
    operationId: 'ContainerUnpause',
    summary: 'Let the processes of a container go on',
    tag,
    replies: replies(204, undefined, [404]),
  },
  {
    method: 'POST',
    path: '/containers/{id}/resize',
    operationId: 'ContainerResize',
    summary: "Change the size of a container's terminal",
    tag,
    query: Type.Object({ h: Type.Integer(), w: Type.Integer() }),
    replies: replies(200, undefined, [404, 409]),
  },
  {
    method: 'POST',
    path: '/containers/{id}/attach',
    operationId: 'ContainerAttach',
    summary: 'Connect to the streams of a container',
    tag,
    query: Type.Object({
      detachKeys: text(),
      logs: flag(),
      stream: flag(),
      stdin: flag(),
      stdout: flag(),
      stderr: flag(),
    }),
    stream: 'raw',
    replies: { ...replies(200, undefined, [404, 409]), 101: { description: 'the connection is a stream now' } },
  },
  {
    method: 'POST',
    path: '/containers/{id}/wait',
    operationId: 'ContainerWait',
    summary: 'Wait until a container has stopped',
    tag,
    query: Type.Object({
      condition: Type.Optional(
        Type.Union([Type.Literal('not-running'), Type.Literal('next-exit'), Type.Literal('removed')]),
      ),
    }),
    replies: replies(200, ContainerWaitResponseSchema, [404]),
  },
  {
    method: 'DELETE',
    path: '/containers/{id}',
    operationId: 'ContainerDelete',
    summary: 'Remove a container',
    tag,
    query: Type.Object({ v: flag(), force: flag(), link: flag() }),
    replies: replies(204, undefined, [404, 409]),
  },
  {
    method: 'POST',
    path: '/containers/prune',
    operationId: 'ContainerPrune',
    summary: 'Remove the containers that do not run',
    tag,
    query: Type.Object({ filters: filters(filterKeys.containersPrune) }),
    replies: replies(200, ContainerPruneResponseSchema),
  },
]
