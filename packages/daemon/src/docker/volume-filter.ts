import { booleanFilter, filterKeys } from '@pouch/api'
import type { VolumeFilter } from '@pouch/volume-core'
import type { Query } from '../http/query.js'
import { namePatterns } from './patterns.js'

/** The `filters` parameter of lists of volumes. @throws PouchError `invalid-argument` */
export function volumeFilter(query: Query): VolumeFilter {
  const filters = query.filters(filterKeys.volumes)
  return {
    names: namePatterns(filters.name),
    drivers: filters.driver,
    labels: filters.label,
    dangling: booleanFilter(filters, 'dangling'),
  }
}
