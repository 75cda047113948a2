import type {
  PouchVolumeCreateBody,
  PouchVolumeList,
  PouchVolumeRenameBody,
  PouchVolumeUpdateBody,
  PouchVolumeUsageList,
} from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import { volumeFilter } from '../docker/volume-filter.js'
import type { Handlers, RouteCall } from '../http/route.js'
import { pouchDetails, pouchUsage, pouchVolume, pouchVolumeUsage } from './volume-json.js'

/** The routes of volumes that Docker lacks. A name that exists with other options is a conflict here. */
export function pouchVolumeHandlers(engine: Engine): Handlers {
  const { volumes } = engine
  return {
    PouchVolumeList: (call) => list(engine, call),
    PouchVolumeCreate: (call) => create(engine, call),
    PouchVolumeInspect: async ({ params }) => pouchVolume(await volumes.get(params.name ?? '')),
    PouchVolumeUpdate: async ({ params, body }) => {
      const request = bodyOf<PouchVolumeUpdateBody>(body, 'volume.update')
      return pouchVolume(await volumes.update(params.name ?? '', request))
    },
    PouchVolumeDelete: ({ params, query }) => volumes.remove(params.name ?? '', { force: query.bool('force') }),
    PouchVolumeDetails: async ({ params, signal }) =>
      pouchDetails(await volumes.describe(params.name ?? '', { signal })),
    PouchVolumeUsage: async ({ params, signal }) => pouchUsage(await volumes.measure(params.name ?? '', { signal })),
    PouchVolumeRename: async ({ params, body }) => {
      const { name } = bodyOf<PouchVolumeRenameBody>(body, 'volume.rename')
      if (name === undefined) throw missing('volume.rename', 'name: the new one')
      return pouchVolume(await volumes.rename(params.name ?? '', name))
    },
    PouchVolumeUsages: (call) => usages(engine, call),
  }
}

/** The body of a request that means nothing without one. Its fields were checked; whether they are there was not. */
export function bodyOf<T extends object>(body: unknown, op: string): Partial<T> {
  if (typeof body === 'object' && body !== null) return body as Partial<T>
  throw missing(op, 'a JSON body')
}

/** The error of a request that lacks something. */
export function missing(op: string, what: string): PouchError {
  return new PouchError('invalid-argument', `the request lacks ${what}`, { op })
}

async function list(engine: Engine, { query, signal }: RouteCall): Promise<PouchVolumeList> {
  const { volumes, warnings } = await engine.volumes.list(volumeFilter(query), { signal })
  return { volumes: volumes.map(pouchVolume), warnings }
}

/** A clone that nobody waits for any more is given up; what is made empty is made at once, and stays. */
async function create(engine: Engine, call: RouteCall) {
  const { from, ...request } = (call.body ?? {}) as PouchVolumeCreateBody
  if (from === undefined) return pouchVolume(await engine.volumes.create({ ...request, ifExists: 'check' }))
  if (from.volume === undefined) throw missing('volume.create', 'from.volume: the name of the volume to copy')
  return pouchVolume(await engine.volumes.create({ ...request, from }, { signal: call.signal }))
}

async function usages(engine: Engine, { query, signal }: RouteCall): Promise<PouchVolumeUsageList> {
  return { volumes: (await engine.volumes.usages(volumeFilter(query), { signal })).map(pouchVolumeUsage) }
}
