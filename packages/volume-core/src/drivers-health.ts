import { PouchError } from '@pouch/errors'
import type { DriverCall } from './driver.js'
import { callDriver } from './driver-call.js'
import type { EngineParts } from './engine-parts.js'
import { recordedSecrets } from './recorded-secrets.js'
import { untold } from './scrubbed.js'
import type { VolumeCall } from './volume.js'
import type { DriverHealth } from './volume-requests.js'

/** With the moment that a driver has to come to rest, it makes two seconds. */
const healthTimeoutMs = 1400

/** Asks every driver how its backend is, all at a time. */
export async function driversHealth(parts: EngineParts, call: VolumeCall): Promise<DriverHealth[]> {
  return await Promise.all(parts.drivers.infos().map(({ name, error }) => healthOf(parts, name, error, call)))
}

async function healthOf(
  parts: EngineParts,
  driver: string,
  openError: PouchError | undefined,
  call: VolumeCall,
): Promise<DriverHealth> {
  const facet = parts.drivers.find(driver)?.driver.health
  if (facet === undefined) return Object.freeze({ driver, health: undefined, error: openError })
  const timeoutMs = Math.min(healthTimeoutMs, call.timeoutMs ?? healthTimeoutMs)
  const secrets = () => recordedSecrets(parts, driver)
  const scope = { verb: 'health', volume: driver, driver, timeoutMs, signal: call.signal, log: parts.log, secrets }
  try {
    const health = await callDriver(scope, (driverCall: DriverCall) => facet.check(driverCall))
    const toldHealth = health.state === 'healthy' ? health : untold(health, secrets())
    return Object.freeze({ driver, health: Object.freeze(toldHealth), error: undefined })
  } catch (error) {
    return Object.freeze({ driver, health: undefined, error: PouchError.from(error) })
  }
}
