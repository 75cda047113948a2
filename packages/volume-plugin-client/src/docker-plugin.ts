import { isAbsolute } from 'node:path'
import { hasCode, PouchError } from '@pouch/errors'
import { type DriverDefinition, type DriverHost, driverContract } from '@pouch/volume-core/driver'
import { CreateMarks } from './create-marks.js'
import { MountPairs } from './mount-pairs.js'
import { MountTelling } from './mount-telling.js'
import { Plugin, type PluginParts } from './plugin.js'
import { type PluginAddress, type PluginTls, parsePluginAddress } from './plugin-address.js'
import { PluginDriver } from './plugin-driver.js'
import { readPluginFile } from './plugin-file.js'
import { PluginMounts } from './plugin-mounts.js'
import { checkedTimeouts, type PluginTimeouts } from './plugin-timeouts.js'
import { PluginVolumes } from './plugin-volumes.js'
import { version } from './version.js'

/** Which plugin, and where. One of `address` and `spec` is given. */
export interface DockerPluginOptions {
  /** The driver's name. Lower-case letters, digits and `-`. */
  readonly name: string
  /** `unix:///path`, `tcp://host:port`, `http://host:port`, `https://host:port`, or an absolute path of a socket. */
  readonly address?: string | undefined
  /** For an `address` over TCP. */
  readonly tls?: PluginTls | undefined
  /** A `.sock`, `.spec` or `.json` file as dockerd has them, absolute. It is read again whenever the plugin is activated. */
  readonly spec?: string | undefined
  readonly timeouts?: PluginTimeouts | undefined
}

/** How long the start of an engine waits for the plugin to tell its scope. */
const handshakeMs = 1000

/**
 * A Docker volume plugin as a driver. The plugin need not be there when the driver is opened: it is activated by its first use, and
 * again after it was restarted.
 *
 * @throws PouchError `invalid-argument` for an address, a timeout or a file name that cannot be
 */
export function dockerPlugin(options: DockerPluginOptions): DriverDefinition {
  const { name, address, spec, tls, timeouts } = options
  return pluginDefinition({ name, locate: locator(name, address, spec, tls), timeouts: checkedTimeouts(timeouts) })
}

/** The definition of a plugin that is found by asking. */
export function pluginDefinition(parts: PluginParts): DriverDefinition {
  return Object.freeze<DriverDefinition>({
    contract: driverContract,
    name: parts.name,
    // The protocol does not tell the plugin's own.
    version,
    options: 'passthrough',
    open: async (host) => await openPlugin(parts, host),
  })
}

function locator(
  name: string,
  address: string | undefined,
  spec: string | undefined,
  tls: PluginTls | undefined,
): () => Promise<PluginAddress> {
  if (address !== undefined && spec === undefined) {
    const parsed = parsePluginAddress(address, tls)
    return async () => parsed
  }
  if (spec === undefined || address !== undefined) throw refused(name, "give one of 'address' and 'spec'")
  if (!isAbsolute(spec) || spec.includes('\0')) throw refused(name, `its file '${spec}' has to be an absolute path`)
  return async () => await readPluginFile(spec)
}

async function openPlugin(parts: PluginParts, { state, log }: DriverHost): Promise<PluginDriver> {
  const plugin = new Plugin(parts)
  const volumes = new PluginVolumes(plugin)
  const mounts = new PluginMounts(volumes, await MountPairs.open(state, log), await MountTelling.open(state))
  try {
    await plugin.activate(AbortSignal.timeout(handshakeMs))
  } catch (error) {
    if (hasCode(error, 'unsupported')) throw error
    log.warn(
      { driver: parts.name, err: error },
      'a volume plugin does not answer yet; it is asked again when it is used',
    )
  }
  return new PluginDriver({ plugin, volumes, mounts, marks: new CreateMarks(state) })
}

function refused(name: string, why: string): PouchError {
  return new PouchError('invalid-argument', `volume plugin ${name}: ${why}`, { op: 'plugin.options', subject: name })
}
