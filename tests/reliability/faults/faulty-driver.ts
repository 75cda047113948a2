import { type Driver, type DriverDefinition, facetNames } from '@pouch/volume-core/driver'
import type { FaultPlan } from './fault-plan.js'

/** What only looks, or ends. Whatever else a driver or a facet may ever have is a step. */
const untouched = new Set(['path', 'describe', 'close', 'concerns', 'get', 'list', 'measure', 'check'])

/** A driver whose every change of something is a step of a plan. */
export function faultyDriver(definition: DriverDefinition, plan: FaultPlan): DriverDefinition {
  const around = <T extends object>(owner: T, prefix: string): T =>
    // Not of the owner itself: what is frozen would have to be shown as it is.
    new Proxy({} as T, {
      has: (_, key) => key in owner,
      get(_, key) {
        const value: unknown = Reflect.get(owner, key, owner)
        const name = String(key)
        const isFacet = (facetNames as readonly string[]).includes(name) && prefix.split('.').length === 2
        if (isFacet && typeof value === 'object' && value !== null) return around(value, `${prefix}${name}.`)
        if (typeof value !== 'function') return value
        if (untouched.has(name)) return value.bind(owner)
        return async (...args: unknown[]) =>
          await plan.around('calls', `${prefix}${name}`, async () => await Reflect.apply(value, owner, args))
      },
    })
  return { ...definition, open: async (host) => around<Driver>(await definition.open(host), `${definition.name}.`) }
}
