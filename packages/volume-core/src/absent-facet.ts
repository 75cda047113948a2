import { PouchError } from '@pouch/errors'
import type { FacetName } from './driver.js'

/** Of a driver that could do something when it was begun, and, since the engine was started again, cannot. */
export function absentFacet(facet: FacetName): PouchError {
  return new PouchError('unsupported', `the driver no longer has the facet ${facet}; what was begun is given up`, {
    details: { facet },
  })
}
