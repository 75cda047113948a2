import { containerRoutes } from './container-routes.js'
import { execRoutes } from './exec-routes.js'
import { imageRoutes } from './image-routes.js'
import { pouchRoutes } from './pouch-routes.js'
import type { Route } from './route.js'
import { systemRoutes } from './system-routes.js'
import { volumeRoutes } from './volume-routes.js'

/** Every route of the API, in the order in which documentation shows them. */
export const routes: readonly Route[] = Object.freeze([
  ...containerRoutes,
  ...execRoutes,
  ...imageRoutes,
  ...volumeRoutes,
  ...systemRoutes,
  ...pouchRoutes,
])
