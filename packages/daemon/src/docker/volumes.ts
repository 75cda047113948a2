import type { VolumeCreateBody, VolumeListResponse, VolumePruneResponse } from '@pouch/api'
import { booleanFilter, compareVersions, filterKeys } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { hasCode, PouchError } from '@pouch/errors'
import type { Handlers, RouteCall } from '../http/route.js'
import { namePatterns } from './patterns.js'
import { volumeJson } from './volume-json.js'

/** Docker's routes of volumes. */
export function volumeHandlers(engine: Engine): Handlers {
  return {
    VolumeList: (call) => list(engine, call),
    VolumeCreate: (call) => create(engine, call),
    VolumeInspect: async ({ params }) => volumeJson(await engine.volumes.get(params.name ?? '')),
    VolumeDelete: (call) => remove(engine, call),
    VolumePrune: (call) => prune(engine, call),
  }
}

async function list(engine: Engine, { query, signal }: RouteCall): Promise<VolumeListResponse> {
  const filters = query.filters(filterKeys.volumes)
  const { volumes, warnings } = await engine.volumes.list(
    {
      names: namePatterns(filters.name),
      drivers: filters.driver,
      labels: filters.label,
      dangling: booleanFilter(filters, 'dangling'),
    },
    { signal },
  )
  return { Volumes: volumes.map(volumeJson), Warnings: warnings.length === 0 ? null : warnings }
}

async function create(engine: Engine, call: RouteCall) {
  const body = (call.body ?? {}) as VolumeCreateBody
  if (body.ClusterVolumeSpec !== undefined) {
    throw new PouchError('unavailable', 'cluster volumes need a swarm, which Pouch is not part of', {
      op: 'volume.create',
    })
  }
  try {
    // Docker returns an existing volume whatever its options are; the volume engine logs that they differ.
    const volume = await engine.volumes.create({
      name: body.Name,
      driver: body.Driver === '' ? undefined : body.Driver,
      options: body.DriverOpts,
      labels: body.Labels,
      ifExists: 'return',
    })
    return volumeJson(volume)
  } catch (error) {
    throw inDockersWords(error, body)
  }
}

async function remove(engine: Engine, { params, query }: RouteCall): Promise<void> {
  try {
    await engine.volumes.remove(params.name ?? '')
  } catch (error) {
    if (!(query.bool('force') && hasCode(error, 'not-found'))) throw error
  }
}

async function prune(engine: Engine, { query, signal, version }: RouteCall): Promise<VolumePruneResponse> {
  const filters = query.filters(filterKeys.volumesPrune)
  const all = booleanFilter(filters, 'all') ?? compareVersions(version, '1.42') < 0
  const { removed } = await engine.volumes.prune(
    { all, labels: filters.label, notLabels: filters['label!'] },
    { signal },
  )
  return { VolumesDeleted: removed, SpaceReclaimed: 0 }
}

function inDockersWords(error: unknown, { Name: name = '', Driver: driver = '' }: VolumeCreateBody): unknown {
  if (!hasCode(error, 'not-found') || error.details.drivers === undefined) return error
  const known = (error.details.drivers as readonly string[]).join(', ')
  return new PouchError(
    'not-found',
    `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found (known drivers: ${known})`,
    { op: error.op, subject: error.subject, details: error.details, cause: error },
  )
}
