import { chmodSync, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadDrivers } from '@pouch/driver-loader'
import { createEngine, type Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import { makeDirectories } from '@pouch/file-tree'
import type { MetadataStore } from '@pouch/store'
import { createVolumeEngine, type Logger, type VolumeEngine } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'
import { pluginSource } from '@pouch/volume-plugin-client'
import { tmpfs } from '@pouch/volume-tmpfs'
import type { CleanupStack } from './cleanup-stack.js'
import { openContainerd } from './open-containerd.js'
import { openStore } from './open-store.js'
import type { Settings } from './settings.js'

/** An engine, and what a daemon needs besides it. */
export interface OpenedEngine {
  readonly engine: Engine
  readonly store: MetadataStore
  /** The home directory, absolute. */
  readonly home: string
}

/** Opens the store, containerd, the volumes and the engine over them; `cleanup` closes them in the right order. */
export async function openEngine(settings: Settings, log: Logger, cleanup: CleanupStack): Promise<OpenedEngine> {
  const home = await makeHome(settings.homeDir)
  const store = await openStore(settings.store, home, log)
  cleanup.push(() => store.close())
  // With the store open no other daemon has this home. containerd starts while the volumes are read.
  const starting = openContainerd(settings, home, log)
  // Its failure is thrown where it is waited for.
  const started = starting.catch(() => undefined)
  // Known once an engine is there: when the start is refused before, containerd has to be asked.
  let inUse: boolean | undefined
  cleanup.push(async () => (await started)?.close(inUse))
  const volumes = await openVolumes(settings, home, store, log)
  cleanup.push(() => volumes.close())
  const containerd = await starting
  const { snapshotter, insecureRegistry: insecureRegistries } = settings
  const { runcRoot } = containerd
  const engine = await createEngine({
    home,
    store,
    volumes,
    containerd: containerd.client,
    log,
    snapshotter,
    runtimeOptions: runcRoot === undefined ? undefined : { root: runcRoot },
    insecureRegistries,
  })
  cleanup.push(async () => {
    inUse = engine.containers.list().length > 0
    await engine.close()
  })
  return { engine, store, home }
}

async function openVolumes(settings: Settings, home: string, store: MetadataStore, log: Logger): Promise<VolumeEngine> {
  const { defaultDriver, pluginDirs } = settings
  const driverSources = [pluginSource({ directories: pluginDirs })]
  const own = [local(), tmpfs()]
  const reserved = own.map(({ name }) => name)
  const drivers = [...own, ...(await loadDrivers(settings.drivers, { home, reserved }))]
  return await createVolumeEngine({ home, drivers, driverSources, store, defaultDriver, log })
}

async function makeHome(path: string): Promise<string> {
  const home = resolve(path)
  const isNew = !existsSync(home)
  try {
    await makeDirectories(home, 0o710)
    if (isNew) chmodSync(home, 0o710)
  } catch (error) {
    throw PouchError.from(error, {
      message: `cannot make the home directory ${home}`,
      op: 'daemon.home',
      subject: home,
    })
  }
  return home
}
