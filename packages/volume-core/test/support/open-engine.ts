import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Driver, DriverDefinition, Logger } from '../../src/driver.js'
import { createVolumeEngine, type VolumeEngine, type VolumeEngineOptions } from '../../src/index.js'
import { memoryDriver } from '../../src/testing.js'

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** A directory of the test's own, removed after it. */
export function freshHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'pouch-volume-core-'))
  undo.push(() => rmSync(home, { recursive: true, force: true }))
  return home
}

/** An engine, closed after the test; with one driver `local` unless told. */
export async function openEngine(options: Partial<VolumeEngineOptions> = {}): Promise<VolumeEngine> {
  const drivers = options.drivers ?? [memoryDriver({ name: 'local' })]
  const engine = await createVolumeEngine({ home: freshHome(), hostName: 'here', ...options, drivers })
  undo.push(() => engine.close())
  return engine
}

/** A driver with parts of it replaced. */
export function spoilt(good: DriverDefinition, spoil: (good: Driver) => Partial<Driver>): DriverDefinition {
  return {
    ...good,
    open: async (host) => {
      const driver = await good.open(host)
      const bound: Driver = {
        name: driver.name,
        traits: driver.traits,
        create: (volume, call) => driver.create(volume, call),
        remove: (volume, call) => driver.remove(volume, call),
        path: (volume, call) => driver.path(volume, call),
        close: () => driver.close(),
        ...(driver.mounts === undefined ? {} : { mounts: driver.mounts }),
      }
      return { ...bound, ...spoil(bound) }
    },
  }
}

/** A logger that keeps what it is told. */
export function keepingLogger(): Logger & { readonly lines: { level: string; fields: object; message: string }[] } {
  const lines: { level: string; fields: object; message: string }[] = []
  const level = (name: string) => (fields: object, message: string) => void lines.push({ level: name, fields, message })
  return { lines, debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}
