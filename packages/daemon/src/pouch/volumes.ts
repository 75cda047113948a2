import type { PouchDriver, PouchVolume, PouchVolumeCreateBody, PouchVolumeList } from '@pouch/api'
import { booleanFilter, filterKeys } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import type { DriverInfo, Volume } from '@pouch/volume-core'
import { namePatterns } from '../docker/patterns.js'
import type { Handlers, RouteCall } from '../http/route.js'

/** The routes of volumes and drivers that Docker lacks. A name that exists with other options is a conflict here. */
export function pouchVolumeHandlers(engine: Engine): Handlers {
  return {
    PouchVolumeList: (call) => list(engine, call),
    PouchVolumeCreate: async ({ body }) => {
      const { name, driver, options, labels } = (body ?? {}) as PouchVolumeCreateBody
      return pouchVolume(await engine.volumes.create({ name, driver, options, labels, ifExists: 'check' }))
    },
    PouchVolumeInspect: async ({ params }) => pouchVolume(await engine.volumes.get(params.name ?? '')),
    PouchDriverList: async ({ signal }) => ({
      drivers: (await engine.system.info({ signal })).drivers.map(pouchDriver),
    }),
  }
}

async function list(engine: Engine, { query, signal }: RouteCall): Promise<PouchVolumeList> {
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
  return { volumes: volumes.map(pouchVolume), warnings }
}

/** A volume as Pouch's own routes show it. */
export function pouchVolume(volume: Volume): PouchVolume {
  const { mountpoint, sizeBytes, status } = volume
  return {
    name: volume.name,
    driver: volume.driver,
    options: { ...volume.options },
    labels: { ...volume.labels },
    createdAt: volume.createdAt,
    scope: volume.scope,
    anonymous: volume.anonymous,
    references: volume.references.map(({ path, ...reference }) => ({
      ...reference,
      ...(path === undefined ? {} : { path }),
    })),
    ...(mountpoint === undefined ? {} : { mountpoint }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(status === undefined ? {} : { status: { phase: status.phase, error: status.error } }),
  }
}

/** A driver as Pouch's own routes show it. */
export function pouchDriver(driver: DriverInfo): PouchDriver {
  const { name, traits, facets, options } = driver
  const base = {
    name,
    scope: traits?.scope ?? 'local',
    durable: traits?.durable ?? false,
    accessModes: [...(traits?.accessModes ?? [])],
    facets: [...facets],
  }
  if (options === 'passthrough') return base
  const table = Object.entries(options).map(([option, { values, aliases, ...spec }]) => ({
    ...spec,
    name: option,
    ...(values === undefined ? {} : { values: [...values] }),
    ...(aliases === undefined ? {} : { aliases: [...aliases] }),
  }))
  return { ...base, options: table }
}
