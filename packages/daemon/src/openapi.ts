import { apiVersion } from '@pouch/api'
import { ErrorBodySchema, type Route } from '@pouch/api/schemas'
import { daemonVersion } from './version.js'

/** The OpenAPI 3.1 document of a table of routes. TypeBox schemas are JSON schemas, which 3.1 takes as they are. */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = paths[route.path] ?? {}
    path[route.method.toLowerCase()] = operation(route)
    paths[route.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pouch',
      version: daemonVersion,
      description: `Docker's Engine API ${apiVersion} as Pouch serves it; each path also with a version before it (/v${apiVersion}). What Docker lacks is under /pouch/v1.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
  }
}

function operation(route: Route): object {
  const body = bodyOf(route)
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(body === undefined ? {} : { requestBody: { content: body } }),
    responses: Object.fromEntries(
      Object.entries(route.replies).map(([status, reply]) => [status, replyOf(route, Number(status), reply)]),
    ),
  }
}

function pathParameters({ path }: Route): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: Route): object[] {
  const required: readonly string[] = query?.required ?? []
  return Object.entries(query?.properties ?? {}).map(([name, schema]) => {
    const { description, ...type } = schema
    return {
      name,
      in: 'query',
      required: required.includes(name),
      schema: type,
      ...(description === undefined ? {} : { description }),
    }
  })
}

function bodyOf({ body, upload }: Route): object | undefined {
  if (upload !== undefined) return { [upload]: { schema: { type: 'string', format: 'binary' } } }
  return body === undefined ? undefined : { 'application/json': { schema: body } }
}

function replyOf({ stream }: Route, status: number, { description, schema }: Route['replies'][number]): object {
  if (stream === 'raw' && status < 300) return { description, content: { 'application/vnd.docker.raw-stream': {} } }
  if (stream === 'archive' && status < 300) {
    const binary = { schema: { type: 'string', format: 'binary' } }
    return {
      description,
      content: { 'application/x-tar': binary, 'application/gzip': binary, 'application/zstd': binary },
    }
  }
  if (stream === 'database' && status < 300) {
    return { description, content: { 'application/vnd.sqlite3': { schema: { type: 'string', format: 'binary' } } } }
  }
  if (stream === 'logs' && status < 300) {
    return {
      description,
      content: { 'application/vnd.docker.multiplexed-stream': {}, 'application/vnd.docker.raw-stream': {} },
    }
  }
  if (schema === undefined) return { description }
  return { description, content: { 'application/json': { schema: status >= 400 ? ErrorBodySchema : schema } } }
}
