import { Type } from '@sinclair/typebox'
import { ExecCreateBodySchema, ExecInspectSchema, ExecStartBodySchema } from '../schema/exec.js'
import { IdResponseSchema } from '../schema/words.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

const tag = 'Exec'

/** The routes of commands that run inside a container. */
export const execRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/containers/{id}/exec',
    operationId: 'ContainerExec',
    summary: 'Prepare a command inside a running container',
    tag,
    body: ExecCreateBodySchema,
    replies: replies(201, IdResponseSchema, [404, 409]),
  },
  {
    method: 'POST',
    path: '/exec/{id}/start',
    operationId: 'ExecStart',
    summary: 'Start a prepared command and connect to its streams',
    tag,
    body: ExecStartBodySchema,
    stream: 'raw',
    replies: { ...replies(200, undefined, [404, 409]), 101: { description: 'the connection is a stream now' } },
  },
  {
    method: 'POST',
    path: '/exec/{id}/resize',
    operationId: 'ExecResize',
    summary: "Change the size of a command's terminal",
    tag,
    query: Type.Object({ h: Type.Integer(), w: Type.Integer() }),
    replies: replies(200, undefined, [404]),
  },
  {
    method: 'GET',
    path: '/exec/{id}/json',
    operationId: 'ExecInspect',
    summary: 'Show what became of a command',
    tag,
    replies: replies(200, ExecInspectSchema, [404]),
  },
]
