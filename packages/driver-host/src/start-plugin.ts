import { createVolumeEngine, type DriverDefinition, type Logger } from '@pouch/volume-core'
import { servePlugin } from '@pouch/volume-plugin-server'
import { chosenStore } from './chosen-store.js'
import type { PluginSettings } from './invocation.js'
import { ownDriver } from './own-driver.js'
import { packagedDriver } from './packaged-driver.js'
import { writeSpecFile } from './spec-file.js'

/** A plugin that takes requests. Made by {@link startPlugin}. */
export interface RunningPlugin {
  readonly socket: string
  /** Lets the requests in flight end and closes everything. The mounts of containers stay. */
  close(): Promise<void>
}

/**
 * Opens a driver with an engine and a store of its own, and serves it.
 *
 * @param fd of a socket that is listened on already, in place of making the one of the settings
 * @throws PouchError saying what could not be opened; nothing is left open then
 */
export async function startPlugin(settings: PluginSettings, log: Logger, fd?: number): Promise<RunningPlugin> {
  const undo: (() => Promise<void> | void)[] = []
  const close = async () => {
    const failures: unknown[] = []
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
  try {
    const socket = await open(settings, { log, fd }, (step) => undo.push(step))
    return { socket, close }
  } catch (error) {
    await close().catch((failure: unknown) => log.error({ err: failure }, 'not all that was opened could be closed'))
    throw error
  }
}

async function open(
  settings: PluginSettings,
  { log, fd }: { readonly log: Logger; readonly fd: number | undefined },
  undoLater: (step: () => Promise<void> | void) => void,
): Promise<string> {
  const definition = await definitionOf(settings)
  const driver = definition.name
  const store = await chosenStore(settings.store, settings.homeDir, log)
  undoLater(() => store.close())
  const volumes = await createVolumeEngine({
    home: settings.homeDir,
    drivers: [definition],
    store,
    defaultDriver: driver,
    log,
  })
  undoLater(() => volumes.close())
  const { socket, forgetMounts, specDir, name } = settings
  const server = await servePlugin({ volumes, driver, socket, fd, forgetMounts, log })
  undoLater(() => server.close())
  if (specDir !== undefined) undoLater(writeSpecFile(specDir, name, socket))
  return server.socket
}

async function definitionOf({ driver, driverOptions, configFile, homeDir }: PluginSettings): Promise<DriverDefinition> {
  return configFile === undefined ? ownDriver(driver, driverOptions) : await packagedDriver(driver, configFile, homeDir)
}
