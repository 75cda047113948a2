import type { PouchDriver, PouchDriverHealth } from '@pouch/api'
import type { DriverReport, Engine } from '@pouch/engine'
import type { OptionTable } from '@pouch/volume-core'
import type { Handlers } from '../http/route.js'

/** The route of the volume drivers. */
export function pouchDriverHandlers(engine: Engine): Handlers {
  return {
    PouchDriverList: async ({ signal }) => ({ drivers: (await engine.system.drivers({ signal })).map(pouchDriver) }),
  }
}

/** A driver as Pouch's own routes show it. */
export function pouchDriver(report: DriverReport): PouchDriver {
  const { name, version, state, error, isDefault, traits, facets, options } = report.driver
  const health = healthOf(report)
  return {
    name,
    ...(version === undefined ? {} : { version }),
    state,
    ...(error === undefined ? {} : { error: error.message }),
    isDefault,
    scope: traits?.scope ?? 'local',
    durable: traits?.durable ?? false,
    accessModes: [...(traits?.accessModes ?? [])],
    facets: [...facets],
    ...(health === undefined ? {} : { health }),
    ...(options === 'passthrough' ? {} : { options: optionsOf(options) }),
  }
}

/** Of a driver that could not be opened, `error` tells enough. */
function healthOf({ driver, health, healthError }: DriverReport): PouchDriverHealth | undefined {
  if (driver.state === 'failed') return undefined
  if (healthError !== undefined) return { state: 'unknown', message: healthError.message }
  if (health === undefined) return undefined
  const { state, message, details } = health
  return {
    state,
    ...(message === undefined ? {} : { message }),
    ...(details === undefined ? {} : { details: { ...details } }),
  }
}

function optionsOf(table: OptionTable): NonNullable<PouchDriver['options']> {
  return Object.entries(table).map(([name, { values, aliases, ofTop: _, ...spec }]) => ({
    ...spec,
    name,
    ...(values === undefined ? {} : { values: [...values] }),
    ...(aliases === undefined ? {} : { aliases: [...aliases] }),
  }))
}
