import type { Route } from '@pouch/api/schemas'
import { PouchError } from '@pouch/errors'
import type { BoundRoute } from '../http/app.js'

const swarmMessage =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'

const unsupported: readonly string[] = [
  'POST /auth',
  'POST /build',
  'POST /build/prune',
  'POST /commit',
  'POST /session',
  'POST /grpc',
  'GET /containers/{id}/changes',
  'GET /containers/{id}/export',
  'GET /containers/{id}/stats',
  'GET /containers/{id}/top',
  'GET /containers/{id}/attach/ws',
  'POST /containers/{id}/update',
  'HEAD /containers/{id}/archive',
  'GET /containers/{id}/archive',
  'PUT /containers/{id}/archive',
  'GET /images/search',
  'GET /images/get',
  'GET /images/{name}/get',
  'POST /images/{name}/push',
  'GET /distribution/{name}/json',
  'POST /networks/create',
  'DELETE /networks/{id}',
  'POST /networks/{id}/connect',
  'POST /networks/{id}/disconnect',
  'PUT /volumes/{name}',
]

const swarm: readonly string[] = [
  'GET /nodes',
  'GET /services',
  'GET /tasks',
  'GET /secrets',
  'GET /configs',
  'GET /swarm',
  'POST /swarm/init',
  'POST /swarm/join',
  'POST /swarm/leave',
]

/** Docker's routes that Pouch does not serve. They say so by name, where an unknown path is only not found. */
export function absentRoutes(): readonly BoundRoute[] {
  return [
    ...unsupported.map((text) => absent(text, unsupportedError(text))),
    ...swarm.map((text) => absent(text, new PouchError('unavailable', swarmMessage, { op: 'swarm' }))),
    { route: routeOf('GET /plugins'), handler: () => [] },
  ]
}

function unsupportedError(text: string): PouchError {
  return new PouchError('unsupported', `${text} is not supported by this daemon`, { op: 'http.route', subject: text })
}

function absent(text: string, error: PouchError): BoundRoute {
  return {
    route: routeOf(text),
    handler: () => {
      throw error
    },
  }
}

function routeOf(text: string): BoundRoute['route'] {
  const [method, path] = text.split(' ') as [Route['method'], string]
  return { method, path, replies: { 200: { description: '' } } }
}
