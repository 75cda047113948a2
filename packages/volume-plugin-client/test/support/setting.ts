import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MetadataStore, memoryStore } from '@pouch/store'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import type { Driver, DriverCall, DriverDefinition, DriverVolume, JsonValue, Logger } from '@pouch/volume-core/driver'
import { afterEach } from 'vitest'
import { dockerPlugin, type PluginTimeouts } from '../../src/index.js'
import { FakePlugin, type FakePluginOptions } from './fake-plugin.js'

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** Does something after the test, whatever becomes of it. */
export function afterwards(step: () => unknown): void {
  undo.push(step)
}

/** A directory of the test's own, removed after it. */
export function freshDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'pouch-plugin-'))
  afterwards(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** One try, and nobody is waited for. */
export const hasty: PluginTimeouts = { retryMs: 0, createMs: 10_000, mountMs: 10_000, otherMs: 10_000 }

/** A plugin on a socket of its own. */
export async function startPlugin(options: Omit<FakePluginOptions, 'root'> = {}) {
  const folder = freshDirectory()
  const root = join(folder, 'volumes')
  mkdirSync(root)
  const socket = join(folder, 'fake.sock')
  const plugin = new FakePlugin({ ...options, root })
  await plugin.listen(socket)
  afterwards(() => plugin.die())
  return { plugin, socket, folder }
}

/** A definition of the plugin at a socket. */
export function definitionOf(socket: string, timeouts: PluginTimeouts = hasty): DriverDefinition {
  return dockerPlugin({ name: 'fake', address: `unix://${socket}`, timeouts })
}

/** A driver that is open, with a state that outlives it. */
export async function openDriver(definition: DriverDefinition, state = freshState(), log = silent): Promise<Driver> {
  const home = freshDirectory()
  const driver = await definition.open({
    home,
    engineId: 'e'.repeat(32),
    hostName: 'here',
    state,
    log,
    clock: Date.now,
  })
  afterwards(() => driver.close())
  return driver
}

/** An engine with one driver, closed after the test. */
export async function openEngine(
  definition: DriverDefinition,
  options: { readonly store?: MetadataStore; readonly home?: string; readonly log?: Logger } = {},
): Promise<VolumeEngine> {
  const { store = memoryStore(), home = freshDirectory(), log } = options
  const engine = await createVolumeEngine({ home, store, log, drivers: [definition], defaultDriver: definition.name })
  afterwards(() => engine.close())
  return engine
}

/** The driver's own part of a store. */
export function freshState() {
  const values = new Map<string, JsonValue>()
  return {
    values,
    get: async (key: string) => values.get(key),
    set: async (key: string, value: JsonValue) => void values.set(key, structuredClone(value)),
    delete: async (key: string) => void values.delete(key),
    list: async function* () {
      for (const [key, value] of [...values]) yield { key, value }
    },
  }
}

/** A volume as the engine passes it. */
export function volume(name: string, state?: JsonValue, options: Record<string, string> = {}): DriverVolume {
  return Object.freeze({ name, options, labels: {}, state, sizeBytes: undefined })
}

/** A call as the engine makes it. */
export function call(signal: AbortSignal = new AbortController().signal, log = silent): DriverCall {
  return { signal, log }
}

/** A reference as the engine passes it. */
export const reference = (id: string) => Object.freeze({ id, holder: 'tester', readOnly: false })

const quiet = () => undefined
export const silent: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
