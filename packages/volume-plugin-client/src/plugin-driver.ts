import { PouchError, throwIfAborted } from '@pouch/errors'
import type {
  CreatedVolume,
  Driver,
  DriverCall,
  DriverTraits,
  DriverVolume,
  FoundVolume,
  Health,
  HealthFacet,
  InventoryFacet,
  Logger,
} from '@pouch/volume-core/driver'
import type { CreateMarks } from './create-marks.js'
import type { Plugin } from './plugin.js'
import { outcomeOf } from './plugin-failure.js'
import type { PluginMounts } from './plugin-mounts.js'
import { isRefusal, type PluginVolumes } from './plugin-volumes.js'

/** What a {@link PluginDriver} is made of. */
export interface PluginDriverParts {
  readonly plugin: Plugin
  readonly volumes: PluginVolumes
  readonly mounts: PluginMounts
  readonly marks: CreateMarks
}

const accessModes = Object.freeze(['single-node-writer'] as const)
const localTraits: DriverTraits = Object.freeze({ scope: 'local', durable: true, accessModes })
const globalTraits: DriverTraits = Object.freeze({ scope: 'global', durable: true, accessModes })

/** A volume plugin as a driver. */
export class PluginDriver implements Driver {
  readonly name: string
  readonly mounts: PluginMounts
  readonly inventory: InventoryFacet
  readonly health: HealthFacet
  readonly #plugin: Plugin
  readonly #volumes: PluginVolumes
  readonly #marks: CreateMarks

  constructor({ plugin, volumes, mounts, marks }: PluginDriverParts) {
    this.name = plugin.name
    this.mounts = mounts
    this.#plugin = plugin
    this.#volumes = volumes
    this.#marks = marks
    this.inventory = Object.freeze({
      get: async (name: string, call: DriverCall): Promise<FoundVolume | undefined> => await find(volumes, name, call),
      list: async (call: DriverCall): Promise<readonly FoundVolume[]> => await volumes.list(call),
    })
    this.health = Object.freeze({ check: async (call: DriverCall) => await this.#check(call) })
  }

  /** The scope is what the plugin told when it was activated last. */
  get traits(): DriverTraits {
    return this.#plugin.scope === 'global' ? globalTraits : localTraits
  }

  /** As dockerd does, a volume that the plugin has is taken as it is, and not created. */
  async create(volume: DriverVolume, call: DriverCall): Promise<CreatedVolume> {
    const { name, options } = volume
    throwIfAborted(call.signal, { op: 'create', subject: name })
    const isOurs = volume.state !== undefined ? isMade(volume) : await this.#marks.has(name)
    // A plugin that cannot tell is asked to create, as dockerd does: it refuses what it has.
    const { presence } = await this.#volumes.look(name, call)
    if (presence === 'there') {
      if (!isOurs && Object.keys(options).length > 0) warnOfOptions(this.name, volume, call.log)
      return { state: { made: isOurs }, isFound: !isOurs }
    }
    await this.#marks.set(name)
    try {
      await this.#volumes.create(name, options, call)
    } catch (error) {
      // Then whatever there is by this name now is somebody else's.
      if (outcomeOf(error) !== 'unknown') await this.#marks.delete(name)
      throw error
    }
    return { state: { made: true } }
  }

  async remove(volume: DriverVolume, call: DriverCall): Promise<void> {
    const { name } = volume
    throwIfAborted(call.signal, { op: 'remove', subject: name })
    // What undoes a create that never got to the plugin deletes nothing there.
    if (volume.state === undefined && !(await this.#marks.has(name))) return
    await this.mounts.settle(name, call)
    await this.#remove(name, call)
    await this.#marks.delete(name)
  }

  async path({ name }: DriverVolume): Promise<string | undefined> {
    return await this.mounts.path(name)
  }

  async close(): Promise<void> {
    this.#plugin.close()
  }

  async #remove(name: string, call: DriverCall): Promise<void> {
    try {
      await this.#volumes.remove(name, call)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const { presence } = await this.#volumes.look(name, call)
      if (presence !== 'absent') throw untouched(error)
    }
  }

  async #check(call: DriverCall): Promise<Health> {
    try {
      await this.#volumes.ping(call)
    } catch (error) {
      return { state: 'failed', message: PouchError.from(error).message, details: this.#facts() }
    }
    return { state: 'healthy', details: this.#facts() }
  }

  #facts(): Readonly<Record<string, string>> {
    return { address: this.#plugin.address }
  }
}

async function find(volumes: PluginVolumes, name: string, call: DriverCall): Promise<FoundVolume | undefined> {
  const { presence, volume, refusal } = await volumes.look(name, call)
  if (presence !== 'absent' && refusal !== undefined) throw refusal
  return volume
}

function isMade({ state }: DriverVolume): boolean {
  return typeof state === 'object' && state !== null && 'made' in state && state.made === true
}

/** The volume is whole at the plugin, and may be removed another time. Whether the engine keeps it is not known here. */
function untouched(refusal: PouchError): PouchError {
  const { message, op, subject, details } = refusal
  return new PouchError('unavailable', `${message}; the plugin keeps the volume as it was`, {
    op,
    subject,
    details,
    cause: refusal,
  })
}

function warnOfOptions(driver: string, { name, options }: DriverVolume, log: Logger): void {
  const about = { volume: name, driver, options: Object.keys(options) }
  log.warn(about, 'a volume plugin has this volume already; it is used as it is, and the options are not passed on')
}
