import type { DriverCall, FoundVolume, OptionValue } from '@pouch/volume-core/driver'
import type { Plugin } from './plugin.js'
import { mountpointOf, type PluginAnswer, volumeOf, volumesOf } from './plugin-answers.js'
import type { PluginCall, SentCall } from './plugin-call.js'
import { isUnknownCall, PluginFailure } from './plugin-failure.js'

/** What a plugin tells about a volume: that it is there, that it is not, or neither. */
export interface Sighting {
  readonly presence: 'there' | 'absent' | 'untold'
  readonly volume?: FoundVolume
  /** Why the plugin would not tell about this one. */
  readonly refusal?: PluginFailure
}

type Read<T> = (answer: PluginAnswer, sent: SentCall) => T

/** The calls of Docker's volume plugin protocol, each as dockerd makes it. All throw PluginFailures. */
export class PluginVolumes {
  readonly #plugin: Plugin
  #leftOut = 0

  constructor(plugin: Plugin) {
    this.#plugin = plugin
  }

  async create(name: string, options: Readonly<Record<string, OptionValue>>, call: DriverCall): Promise<void> {
    const opts = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]))
    // Where there are no options dockerd sends null, which is what plugins have been tried with.
    const body = { Name: name, Opts: Object.keys(opts).length === 0 ? null : opts }
    const { createMs } = this.#plugin.timeouts
    await this.#plugin.call(this.#change('Create', name, body, createMs, call), nothing)
  }

  async remove(name: string, call: DriverCall): Promise<void> {
    await this.#plugin.call(this.#change('Remove', name, { Name: name }, this.#plugin.timeouts.otherMs, call), nothing)
  }

  /** @returns where the volume is on this host, absolute */
  async mount(name: string, id: string, call: DriverCall): Promise<string> {
    const body = { Name: name, ID: id }
    return await this.#plugin.call(this.#change('Mount', name, body, this.#plugin.timeouts.mountMs, call), mountpointOf)
  }

  async unmount(name: string, id: string, call: DriverCall): Promise<void> {
    const body = { Name: name, ID: id }
    await this.#plugin.call(this.#change('Unmount', name, body, this.#plugin.timeouts.otherMs, call), nothing)
  }

  /**
   * Looks for a volume. Most plugins answer an error for one that they do not have, and also when something is wrong with one; so an
   * error counts as absence only if the volume is not in the plugin's list either.
   *
   * @param patienceMs how long a plugin that cannot be reached is waited for; as long as for a change unless told
   */
  async look(name: string, call: DriverCall, patienceMs = this.#plugin.timeouts.retryMs): Promise<Sighting> {
    try {
      const volume = await this.#look('Get', name, { Name: name }, call, patienceMs, volumeOf)
      return volume === undefined ? { presence: 'absent' } : { presence: 'there', volume }
    } catch (error) {
      if (!isRefusal(error)) throw error
      return await this.#lookInList(name, error, call, patienceMs)
    }
  }

  /** All volumes. One attempt: who lists does not wait for a plugin that is not there. */
  async list(call: DriverCall): Promise<readonly FoundVolume[]> {
    return await this.#list(call, 0)
  }

  /** Asks what costs the plugin nothing. One that refuses that is asked for its volumes, which every plugin can tell. */
  async ping(call: DriverCall): Promise<void> {
    try {
      await this.#look('Capabilities', undefined, {}, call, 0, nothing)
    } catch (error) {
      // Old plugins do not know the call; but they are there.
      if (isUnknownCall(error)) return
      if (!isRefusal(error)) throw error
      await this.#list(call, 0)
    }
  }

  async #lookInList(name: string, refusal: PluginFailure, call: DriverCall, patienceMs: number): Promise<Sighting> {
    try {
      const volume = (await this.#list(call, patienceMs)).find((each) => each.name === name)
      return volume === undefined ? { presence: 'absent' } : { presence: 'there', volume, refusal }
    } catch (error) {
      if (!isRefusal(error)) throw error
      return { presence: 'untold', refusal }
    }
  }

  async #list(call: DriverCall, patienceMs: number): Promise<readonly FoundVolume[]> {
    const { volumes, leftOut } = await this.#look('List', undefined, {}, call, patienceMs, volumesOf)
    if (leftOut > 0 && leftOut !== this.#leftOut) {
      const about = { plugin: this.#plugin.name, volumes: leftOut }
      call.log.warn(
        about,
        'a volume plugin has volumes whose names Pouch cannot use, or some of its list makes no sense',
      )
    }
    this.#leftOut = leftOut
    return volumes
  }

  #change(method: string, name: string, body: object, timeoutMs: number, { signal }: DriverCall): PluginCall {
    const { retryMs: patienceMs } = this.#plugin.timeouts
    return { method: `VolumeDriver.${method}`, subject: name, body, timeoutMs, signal, changes: true, patienceMs }
  }

  async #look<T>(
    method: string,
    name: string | undefined,
    body: object,
    { signal }: DriverCall,
    patienceMs: number,
    read: Read<T>,
  ): Promise<T> {
    const { otherMs: timeoutMs } = this.#plugin.timeouts
    return await this.#plugin.call(
      { method: `VolumeDriver.${method}`, subject: name, body, timeoutMs, signal, patienceMs },
      read,
    )
  }
}

const nothing = () => undefined

/** Whether a plugin answered that it did not do what was asked. */
export function isRefusal(error: unknown): error is PluginFailure {
  return error instanceof PluginFailure && error.outcome === 'refused'
}
