import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testVolumeDriver } from '@pouch/volume-core/testing'
import { dockerPlugin } from '@pouch/volume-plugin-client'
import { adviceFor } from './advice.js'
import type { PluginCheck } from './check.js'
import { prefixedDriver } from './prefixed-driver.js'

/** What the suite needs to know about a plugin. */
export interface SuitePlugin {
  readonly socket: string
  /** What every name begins with. */
  readonly prefix: string
  readonly options: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly isDurable: boolean
}

/** The suite of every driver of Pouch, over the plugin: what an engine expects of it from create to remove. */
export function suiteChecks(plugin: SuitePlugin): readonly PluginCheck[] {
  const { socket, prefix, options, timeoutMs, isDurable } = plugin
  const timeouts = { createMs: timeoutMs, mountMs: timeoutMs, otherMs: timeoutMs, retryMs: 0 }
  const found: PluginCheck[] = []
  let opened = 0
  testVolumeDriver({
    runner: {
      describe: (_, body) => body(),
      it: (title, run) => found.push({ title, advice: adviceFor(title), run }),
    },
    expects: ['mounts', 'inventory', 'health'],
    volumeOptions: options,
    open: async () => {
      opened += 1
      const home = await mkdtemp(join(tmpdir(), 'pouch-volume-check-'))
      const client = dockerPlugin({ name: 'plugin', address: `unix://${socket}`, timeouts })
      const definition = prefixedDriver(client, `${prefix}s${opened}-`, isDurable)
      return { definition, home, dispose: () => rm(home, { recursive: true, force: true }) }
    },
  })
  return found
}
