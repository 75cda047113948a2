import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DriverDefinition, DriverHost, DriverVolume } from '@pouch/volume-core/driver'

/** The least that a driver can be: a directory a volume. */
export function plainDriver(): DriverDefinition {
  return { contract: 1, name: 'plain', options: {}, open: async (host) => driverIn(host) }
}

function driverIn({ home }: DriverHost) {
  const pathOf = ({ name }: DriverVolume) => join(home, 'plain', name)
  return {
    name: 'plain',
    traits: { scope: 'local' as const, durable: true, accessModes: ['single-node-writer' as const] },
    create: async (volume: DriverVolume) => {
      await mkdir(pathOf(volume), { recursive: true })
      return undefined
    },
    remove: (volume: DriverVolume) => rm(pathOf(volume), { recursive: true, force: true }),
    path: async (volume: DriverVolume) => pathOf(volume),
    close: async () => {},
  }
}
