import type { DriverCallScope } from './driver-call.js'
import type { EngineParts, Look } from './engine-parts.js'
import { secretsIn } from './secrets.js'

/** Which volume a call of a driver is about. */
export interface ScopeSubject {
  readonly name: string
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
}

/** What a call of a driver takes from the engine: for whom it is, until when, and what its errors may not tell. */
export function scopeOf(parts: EngineParts, verb: string, subject: ScopeSubject, work: Look): DriverCallScope {
  const { name, driver, options } = subject
  const secrets = () => secretsIn(parts.drivers.definitionOf(driver), options)
  return { ...work, verb, volume: name, driver, log: parts.log, secrets }
}
