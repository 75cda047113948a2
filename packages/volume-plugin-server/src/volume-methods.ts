import { hasCode, PouchError } from '@pouch/errors'
import type { Logger, VolumeCall, VolumeDetails, VolumeEngine } from '@pouch/volume-core'
import type { Arguments } from './arguments.js'
import { isMountedElsewhere } from './host-mounts.js'
import { isMountHolder } from './mount-holder.js'
import { Mounts } from './mounts.js'
import { OwnVolumes } from './own-volumes.js'
import { inspectedVolume, wireVolume } from './wire.js'

/** How long a driver may think about what is only shown. */
const detailsMs = 1000

/** What a method answers. */
export interface Answer {
  readonly body: Readonly<Record<string, unknown>>
  /** Run when the client has gone before it could read the answer, and so does not know of what was done. */
  readonly undo?: () => Promise<void>
}

/** A method of the protocol. `signal` fires when the client goes. */
export type Method = (given: Arguments, signal: AbortSignal) => Promise<Answer>

/** The methods that a server answers, by the path after the first `/`. */
export type Methods = ReadonlyMap<string, Method>

/** What the methods work on. */
export interface MethodParts {
  readonly engine: VolumeEngine
  readonly driver: string
  readonly scope: 'local' | 'global'
  readonly holder: string
  readonly log: Logger
}

/** The volume plugin protocol over an engine's volumes of one driver. */
export class VolumeMethods {
  readonly #parts: MethodParts
  readonly #own: OwnVolumes
  readonly mounts: Mounts

  constructor(parts: MethodParts) {
    this.#parts = parts
    const { holder, log } = parts
    const { volumes } = parts.engine
    const own = new OwnVolumes(volumes, parts.driver)
    this.#own = own
    this.mounts = new Mounts({ volumes, own, holder, isMountedElsewhere, log })
  }

  /** Every method by its name. */
  all(): Methods {
    return new Map<string, Method>([
      ['Plugin.Activate', async () => this.#activate()],
      ['VolumeDriver.Capabilities', async () => ({ body: { Capabilities: { Scope: this.#parts.scope } } })],
      ['VolumeDriver.Create', async (given, signal) => await this.#create(given, { signal })],
      ['VolumeDriver.Remove', async (given) => await this.#remove(given)],
      ['VolumeDriver.Mount', async (given, signal) => await this.#mount(given, { signal })],
      ['VolumeDriver.Unmount', async (given) => await this.#unmount(given)],
      ['VolumeDriver.Path', async (given, signal) => await this.#path(given, { signal })],
      ['VolumeDriver.Get', async (given, signal) => await this.#get(given, { signal })],
      ['VolumeDriver.List', async (_, signal) => await this.#list({ signal })],
    ])
  }

  /** What a client calls first, once in its life. */
  #activate(): Answer {
    this.mounts.clientCame()
    return { body: { Implements: ['VolumeDriver'] } }
  }

  /** Creating what is there with the same options is a success: a client repeats a call whose answer was lost. */
  async #create({ name, options }: Arguments, call: VolumeCall): Promise<Answer> {
    await this.#parts.engine.volumes.create({ name, driver: this.#parts.driver, options }, call)
    return done
  }

  // What was begun with a volume's data or mounts is finished, whether the client stays or not: so these two have no signal.
  async #remove({ name }: Arguments): Promise<Answer> {
    const { volumes } = this.#parts.engine
    await this.#own.get(name, 'remove', {})
    try {
      await volumes.remove(name)
    } catch (error) {
      if (!hasCode(error, 'in-use')) throw error
      if (!(await this.mounts.reclaim(name))) throw await this.#inUse(name, error)
      await volumes.remove(name)
    }
    return done
  }

  async #mount({ name, id }: Arguments, call: VolumeCall): Promise<Answer> {
    const path = await this.mounts.mount(name, id, call)
    return { body: { Mountpoint: path }, undo: async () => await this.mounts.unmount(name, id, {}) }
  }

  async #unmount({ name, id }: Arguments): Promise<Answer> {
    await this.mounts.unmount(name, id, {})
    return done
  }

  async #path({ name }: Arguments, call: VolumeCall): Promise<Answer> {
    const { mountpoint } = await this.#own.get(name, 'path', call)
    return { body: { Mountpoint: mountpoint ?? '' } }
  }

  async #get({ name }: Arguments, call: VolumeCall): Promise<Answer> {
    const volume = await this.#own.get(name, 'get', call)
    return { body: { Volume: inspectedVolume(volume, await this.#details(name, call)) } }
  }

  /** What a driver cannot tell is left out: Docker asks Get before everything, and wants to know whether the volume is there. */
  async #details(name: string, call: VolumeCall): Promise<VolumeDetails | undefined> {
    try {
      const details = await this.#parts.engine.volumes.describe(name, { ...call, timeoutMs: detailsMs })
      if (details.error !== undefined) this.#untold(name, details.error)
      return details
    } catch (error) {
      this.#untold(name, error)
      return undefined
    }
  }

  #untold(volume: string, err: unknown): void {
    this.#parts.log.info({ volume, err }, 'a driver could not tell about a volume')
  }

  async #list(call: VolumeCall): Promise<Answer> {
    const { driver, engine, log } = this.#parts
    const { volumes, warnings } = await engine.volumes.list({ drivers: [driver] }, call)
    for (const warning of warnings) log.warn({ driver, warning }, 'a listing is not complete')
    return { body: { Volumes: volumes.map(wireVolume) } }
  }

  /** A client asks for a removal when none of its own containers uses the volume: so it is told what else does. */
  async #inUse(name: string, error: PouchError): Promise<PouchError> {
    const references = (await this.#own.find(name, {}))?.references ?? []
    const mounts = references.filter(({ holder }) => isMountHolder(holder)).map(({ id }) => id)
    if (mounts.length === 0) return error
    const text =
      `remove ${name}: volume is in use: ${mounts.length} mounts of it were not undone (${mounts.join(', ')}). ` +
      'Stop what uses it; if nothing does, restart the plugin with --forget-mounts (forgetMounts of servePlugin)'
    return new PouchError('in-use', text, { op: 'plugin.remove', subject: name, details: { mounts }, cause: error })
  }
}

const done: Answer = Object.freeze({ body: Object.freeze({}) })
