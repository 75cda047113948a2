import type { Driver, DriverDefinition, DriverVolume } from '@pouch/volume-core/driver'

const longestName = 255

/**
 * A driver whose volumes all begin with a prefix, and that sees no others: so that the suite has a plugin to itself which may
 * have volumes of people.
 *
 * @param isDurable whether volumes keep their data without a mount; a plugin does not tell
 */
export function prefixedDriver(definition: DriverDefinition, prefix: string, isDurable: boolean): DriverDefinition {
  return {
    ...definition,
    open: async (host) => prefixed(await definition.open(host), prefix, isDurable),
  }
}

function prefixed(driver: Driver, prefix: string, isDurable: boolean): Driver {
  const { mounts, inventory, health } = driver
  // The longest names stay the longest: they lose their beginning, as the suite tells them apart by their ends.
  const inner = (name: string) => prefix + name.slice(Math.max(0, name.length + prefix.length - longestName))
  const known = new Map<string, string>()
  const named = <V extends Pick<DriverVolume, 'name'>>(volume: V): V => {
    known.set(inner(volume.name), volume.name)
    return { ...volume, name: inner(volume.name) }
  }
  return {
    name: driver.name,
    traits: { ...driver.traits, durable: isDurable },
    create: (volume, call) => driver.create(named(volume), call),
    remove: (volume, call) => driver.remove(named(volume), call),
    path: (volume, call) => driver.path(named(volume), call),
    close: () => driver.close(),
    ...(health === undefined ? {} : { health }),
    ...(mounts === undefined
      ? {}
      : {
          mounts: {
            per: mounts.per,
            mount: (volume, reference, call) => mounts.mount(named(volume), reference, call),
            unmount: (volume, reference, state, call) => mounts.unmount(named(volume), reference, state, call),
          },
        }),
    ...(inventory === undefined
      ? {}
      : {
          inventory: {
            get: async (name, call) => {
              const found = await inventory.get(inner(name), call)
              return found === undefined
                ? undefined
                : { ...found, name: found.name === inner(name) ? name : found.name }
            },
            list: async (call) => {
              const found = await inventory.list(call)
              const own = found.filter((each) => each.name.startsWith(prefix))
              return own.map((each) => ({ ...each, name: known.get(each.name) ?? each.name.slice(prefix.length) }))
            },
          },
        }),
  }
}
