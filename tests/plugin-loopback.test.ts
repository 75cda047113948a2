import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createVolumeEngine, type DriverDefinition, type VolumeEngine } from '@pouch/volume-core'
import type { Driver } from '@pouch/volume-core/driver'
import { memoryDriver, type SuiteSubject, testVolumeDriver } from '@pouch/volume-core/testing'
import { local } from '@pouch/volume-local'
import { dockerPlugin } from '@pouch/volume-plugin-client'
import { servePlugin } from '@pouch/volume-plugin-server'
import { tmpfs } from '@pouch/volume-tmpfs'
import { describe, it } from 'vitest'

/** A driver, behind our plugin server, behind our plugin client: what the suite sees is the client's driver. */
async function loopback(inner: DriverDefinition, isDurable: boolean): Promise<SuiteSubject> {
  const folder = mkdtempSync(join(tmpdir(), 'pouch-loopback-'))
  const home = join(folder, 'outer')
  mkdirSync(home)
  const innerHome = join(folder, 'inner')
  const volumes = await createVolumeEngine({ home: innerHome, drivers: [inner], defaultDriver: inner.name })
  const socket = join(folder, 'plugin.sock')
  const server = await servePlugin({ volumes, driver: inner.name, socket })
  const before = filesBelow(innerHome)
  const plugin = dockerPlugin({ name: 'plugin', address: `unix://${socket}` })
  return {
    definition: isDurable ? plugin : forgetful(plugin),
    home,
    leftovers: async () => {
      const kept = await held(volumes)
      await server.close()
      // A driver may delete in the background until it is closed.
      await volumes.close()
      return [...kept, ...filesBelow(innerHome).filter((path) => !before.includes(path))]
    },
    dispose: async () => {
      await server.close()
      await volumes.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function held({ volumes }: VolumeEngine): Promise<string[]> {
  const names = (await volumes.list()).volumes.map(({ name }) => `the volume ${name} behind the plugin`)
  const references = (await volumes.references()).map(({ reference }) => `the mount ${reference.id} behind the plugin`)
  return [...names, ...references]
}

/** Without the drivers' own empty folders, which begin with a dot. */
function filesBelow(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true }).map(String)
  return paths.filter((path) => !basename(path).startsWith('.') || readdirSync(join(folder, path)).length > 0)
}

/** The protocol does not tell whether data outlives the last mount: so the client says that it does, and here it does not. */
function forgetful(definition: DriverDefinition): DriverDefinition {
  return {
    ...definition,
    open: async (host): Promise<Driver> => {
      const driver = await definition.open(host)
      const { mounts, inventory, health } = driver
      return {
        name: driver.name,
        traits: { ...driver.traits, durable: false },
        create: async (volume, call) => await driver.create(volume, call),
        remove: async (volume, call) => await driver.remove(volume, call),
        path: async (volume, call) => await driver.path(volume, call),
        close: async () => await driver.close(),
        ...(mounts === undefined ? {} : { mounts }),
        ...(inventory === undefined ? {} : { inventory }),
        ...(health === undefined ? {} : { health }),
      }
    },
  }
}

const cases: readonly [string, () => DriverDefinition, boolean][] = [
  ['local', () => local(), true],
  ['memory', () => memoryDriver(), true],
  ['memory, mounted per volume', () => memoryDriver({ mounts: 'volume' }), true],
  ['memory, mounted per reference', () => memoryDriver({ mounts: 'reference' }), true],
  ['tmpfs', () => tmpfs(), false],
]

for (const [name, inner, isDurable] of cases) {
  testVolumeDriver({
    runner: { describe, it },
    name: `${name}, served as a plugin and used as one`,
    expects: ['mounts', 'inventory', 'health'],
    open: () => loopback(inner(), isDurable),
  })
}
