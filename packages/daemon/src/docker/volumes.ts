import type { Volume as DockerVolume, VolumeCreateBody, VolumeListResponse, VolumePruneResponse } from '@pouch/api'
import { booleanFilter, compareVersions, filterKeys } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { hasCode, PouchError } from '@pouch/errors'
import type { Volume } from '@pouch/volume-core'
import { type Handlers, JsonText, type RouteCall } from '../http/route.js'
import { volumeFilter } from './volume-filter.js'
import { volumeJson, volumeText } from './volume-json.js'

/** Docker's routes of volumes. */
export function volumeHandlers(engine: Engine): Handlers {
  return {
    VolumeList: (call) => list(engine, call),
    VolumeCreate: (call) => create(engine, call),
    VolumeInspect: (call) => inspect(engine, call),
    VolumeDelete: (call) => remove(engine, call),
    VolumePrune: (call) => prune(engine, call),
  }
}

async function list(engine: Engine, { query, signal }: RouteCall): Promise<JsonText> {
  const { volumes, warnings } = await engine.volumes.list(volumeFilter(query), { signal })
  return new JsonText(listText(volumes, warnings.length === 0 ? null : warnings))
}

/** The text of a `VolumeListResponse`, piece by piece. */
function* listText(
  volumes: readonly Volume[],
  warnings: VolumeListResponse['Warnings'],
): Generator<string, void, void> {
  let before = '{"Volumes":['
  for (const volume of volumes) {
    yield before + volumeText(volume)
    before = ','
  }
  yield `${volumes.length === 0 ? before : ''}],"Warnings":${JSON.stringify(warnings)}}`
}

/** With a `Status` where a backend has one to tell: Docker shows what a plugin says. One that fails takes nothing from the rest. */
async function inspect(engine: Engine, call: RouteCall): Promise<DockerVolume | JsonText> {
  const startedMs = performance.now()
  const volume = await engine.volumes.get(call.params.name ?? '')
  if (!hasBackend(engine, volume.driver)) return new JsonText([volumeText(volume)])
  const timeoutMs = Math.round(backendMs - (performance.now() - startedMs))
  // One that has just failed to answer is not waited for again.
  if (timeoutMs < 1) return volumeJson(volume)
  const { status, error } = await engine.volumes.describe(volume.name, { signal: call.signal, timeoutMs })
  return volumeJson(volume, error === undefined ? status : { ...status, error })
}

/** How long one request waits for a backend: with the moment that it has to come to rest, it makes two seconds. */
const backendMs = 1400

/** Whether a driver's backend knows its volumes: only then is there a status that is not ours. */
function hasBackend(engine: Engine, name: string): boolean {
  const driver = engine.system.driverInfos().find((info) => info.name === name)
  return driver?.facets.includes('inventory') ?? false
}

async function create(engine: Engine, call: RouteCall): Promise<JsonText> {
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
    return new JsonText([volumeText(volume)])
  } catch (error) {
    throw inDockersWords(error, body)
  }
}

async function remove(engine: Engine, { params, query }: RouteCall): Promise<void> {
  const force = query.bool('force')
  try {
    await engine.volumes.remove(params.name ?? '', { force })
  } catch (error) {
    if (!(force && hasCode(error, 'not-found'))) throw error
  }
}

async function prune(engine: Engine, { query, signal, version }: RouteCall): Promise<VolumePruneResponse> {
  const filters = query.filters(filterKeys.volumesPrune)
  const all = booleanFilter(filters, 'all') ?? compareVersions(version, '1.42') < 0
  const { removed, reclaimedBytes, warnings } = await engine.volumes.prune(
    { all, labels: filters.label, notLabels: filters['label!'] },
    { signal },
  )
  const pruned = { VolumesDeleted: removed, SpaceReclaimed: reclaimedBytes }
  return warnings.length === 0 ? pruned : { ...pruned, Warnings: [...warnings] }
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
