import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DriverDefinition } from '@pouch/volume-core/driver'

/** A volume driver for tests: a volume is a directory. */
export function directoryDriver(): DriverDefinition {
  return {
    contract: 1,
    name: 'local',
    options: {},
    open: async ({ home }) => {
      const of = (name: string) => join(home, 'volume', name)
      return {
        name: 'local',
        traits: { scope: 'local', durable: true, accessModes: ['multi-node-writer'] },
        create: async ({ name }) => {
          await mkdir(of(name), { recursive: true })
          return undefined
        },
        remove: async ({ name }) => rm(of(name), { recursive: true, force: true }),
        path: async ({ name }) => ((await stat(of(name))).isDirectory() ? of(name) : undefined),
        close: async () => {},
      }
    },
  }
}
