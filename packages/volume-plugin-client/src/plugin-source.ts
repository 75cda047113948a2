import { PouchError } from '@pouch/errors'
import type { DriverDefinition, DriverSource } from '@pouch/volume-core/driver'
import { type DiscoveryOptions, discoverPlugins, findPluginFile } from './discover-plugins.js'
import { pluginDefinition } from './docker-plugin.js'
import type { PluginAddress } from './plugin-address.js'
import { readPluginFile } from './plugin-file.js'
import { checkedTimeouts, type PluginTimeouts } from './plugin-timeouts.js'

/** Options of {@link pluginSource}. */
export interface PluginSourceOptions extends DiscoveryOptions {
  readonly timeouts?: PluginTimeouts | undefined
}

/**
 * The plugins of this host, for `driverSources` of a volume engine: `-d name` finds the plugin whose file is in one of the directories, at
 * the moment when it is asked for. Nothing is watched. A name without a file costs a few looks at the directories, and no wait.
 */
export function pluginSource(options: PluginSourceOptions = {}): DriverSource {
  const { directories } = options
  const timeouts = checkedTimeouts(options.timeouts)
  const discovery: DiscoveryOptions = { directories: directories === undefined ? undefined : [...directories] }
  return Object.freeze<DriverSource>({
    find: async (name): Promise<DriverDefinition | undefined> => {
      const file = await findPluginFile(name, discovery)
      if (file === undefined) return undefined
      // One that cannot be used is told now, with the reason, rather than by the first call.
      await readPluginFile(file)
      return pluginDefinition({ name, locate: () => locate(name, discovery), timeouts })
    },
    names: async () => {
      const plugins = await discoverPlugins(discovery)
      return plugins.filter(({ error }) => error === undefined).map(({ name }) => name)
    },
  })
}

/** Looks anew: a plugin that was restarted may have another file. */
async function locate(name: string, discovery: DiscoveryOptions): Promise<PluginAddress> {
  const file = await findPluginFile(name, discovery)
  if (file !== undefined) return await readPluginFile(file)
  const text = `volume plugin ${name} has no file in the directories of plugins any more: start it, or put its file back`
  throw new PouchError('unavailable', text, { op: 'plugin.locate', subject: name })
}
