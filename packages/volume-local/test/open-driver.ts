import type {
  Driver,
  DriverCall,
  DriverDefinition,
  DriverVolume,
  JsonValue,
  OptionValue,
} from '@pouch/volume-core/driver'

/** What a driver logged, and what it put into its state. */
export interface Surroundings {
  readonly warnings: { readonly fields: object; readonly message: string }[]
  readonly kept: Map<string, JsonValue>
}

/** Nothing logged and nothing kept yet. */
export function surroundings(): Surroundings {
  return { warnings: [], kept: new Map() }
}

/** Opens a driver in a home as an engine does. */
export async function openDriver(
  definition: DriverDefinition,
  home: string,
  { warnings, kept }: Surroundings = surroundings(),
): Promise<Driver> {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object, message: string) => void warnings.push({ fields, message }),
    error: () => undefined,
  }
  const state = {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: JsonValue) => void kept.set(key, value),
    delete: async (key: string) => void kept.delete(key),
    list: async function* () {
      for (const [key, value] of kept) yield { key, value }
    },
  }
  return await definition.open({ home, engineId: 'e'.repeat(32), hostName: 'host', state, log, clock: Date.now })
}

/** A volume as the engine hands it to a driver. */
export function volume(name: string, options: Record<string, OptionValue> = {}, state?: JsonValue): DriverVolume {
  return Object.freeze({ name, options: Object.freeze(options), labels: {}, state, sizeBytes: undefined })
}

/** A call that nobody cancels. */
export const call: DriverCall = {
  signal: new AbortController().signal,
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
}

/** Who a mount is for. */
export const reference = Object.freeze({ id: 'r1', holder: 'test', readOnly: false })
