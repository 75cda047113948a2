import { type Route, routes } from '@pouch/api/schemas'
import { PouchError } from '@pouch/errors'
import { absentRoutes } from './docker/absent-routes.js'
import { containerHandlers } from './docker/containers.js'
import { execHandlers } from './docker/execs.js'
import { imageHandlers } from './docker/images.js'
import { sendLogs } from './docker/logs.js'
import { networkHandlers } from './docker/networks.js'
import { type SystemOptions, systemHandlers } from './docker/system.js'
import { volumeHandlers } from './docker/volumes.js'
import type { BoundRoute } from './http/app.js'
import type { Handlers } from './http/route.js'
import { openApiDocument } from './openapi.js'
import { pouchArchiveHandlers } from './pouch/archives.js'
import { type BackupOptions, pouchBackupHandlers } from './pouch/backup.js'
import { pouchDriverHandlers } from './pouch/drivers.js'
import { namingHolders } from './pouch/holder-names.js'
import { pouchSnapshotHandlers } from './pouch/snapshots.js'
import { pouchVolumeHandlers } from './pouch/volumes.js'

/** What the routes are bound to. */
export interface RoutesOptions extends SystemOptions {
  readonly snapshotter: string
  /** None where there is no store to copy. */
  readonly backup?: BackupOptions | undefined
}

/** These take the connection over before the router sees them. */
const hijacked: ReadonlySet<string> = new Set(['ContainerAttach', 'ExecStart'])

/** Every route that the daemon serves, with what it does. @throws PouchError `internal` when a route of the API has no handler */
export function bindRoutes(options: RoutesOptions): readonly BoundRoute[] {
  const { engine, log } = options
  const handlers: Handlers = {
    ...systemHandlers(options),
    ...containerHandlers(engine),
    ContainerLogs: (call) => sendLogs(engine, call, log),
    ...execHandlers(engine),
    ...imageHandlers(engine, options.snapshotter),
    ...volumeHandlers(engine),
    ...networkHandlers(engine),
    ...namingHolders(engine, {
      ...pouchVolumeHandlers(engine),
      ...pouchSnapshotHandlers(engine),
      ...pouchArchiveHandlers(engine, log),
    }),
    ...pouchDriverHandlers(engine),
    ...pouchBackupHandlers(options.backup),
  }
  const served = routes.filter(({ operationId }) => !hijacked.has(operationId))
  const document = openApiDocument(routes)
  return [
    ...served.map((route) => ({ route, handler: handlerOf(route, handlers) })),
    ...withoutSchema.map(({ route, operationId }) => ({
      route,
      handler: handlerOf({ ...route, operationId }, handlers),
    })),
    { route: plain('GET', '/openapi.json'), handler: () => document },
    ...absentRoutes(),
  ]
}

const plain = (method: Route['method'], path: string): BoundRoute['route'] => ({
  method,
  path,
  replies: { 200: { description: '' } },
})

const withoutSchema = [
  { operationId: 'NetworkList', route: plain('GET', '/networks') },
  { operationId: 'NetworkList', route: plain('GET', '/networks/') },
  { operationId: 'NetworkInspect', route: plain('GET', '/networks/{id}') },
  { operationId: 'NetworkPrune', route: plain('POST', '/networks/prune') },
]

function handlerOf(route: Pick<Route, 'method' | 'path' | 'operationId'>, handlers: Handlers): BoundRoute['handler'] {
  const handler = handlers[route.operationId]
  if (handler !== undefined) return handler
  throw new PouchError('internal', `the route ${route.method} ${route.path} (${route.operationId}) has no handler`, {
    op: 'daemon.routes',
  })
}
