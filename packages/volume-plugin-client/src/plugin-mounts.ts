import { stat } from 'node:fs/promises'
import { hasErrno, throwIfAborted } from '@pouch/errors'
import type { DriverCall, DriverVolume, JsonValue, Mounted, MountFacet, ReferenceInfo } from '@pouch/volume-core/driver'
import type { MountPair, MountPairs } from './mount-pairs.js'
import { outcomeOf } from './plugin-failure.js'
import { isRefusal, type PluginVolumes } from './plugin-volumes.js'

/**
 * Mounts by a plugin, one Mount and one Unmount for each reference.
 *
 * Plugins count, and few of them look at the ID: a Mount too many keeps a volume in use for ever, and so does an Unmount too many, after which
 * some count -1. So a pair is durable before its Mount is sent; a Mount that was answered is not sent again; and one
 * without an answer, as after a crash, gets its one Unmount. An Unmount without an answer is sent again only if the plugin says that the
 * volume is mounted still, and nobody else of ours uses it: another container must not lose its volume to a mistaken count.
 */
export class PluginMounts implements MountFacet {
  readonly per = 'reference'
  readonly #volumes: PluginVolumes
  readonly #pairs: MountPairs

  constructor(volumes: PluginVolumes, pairs: MountPairs) {
    this.#volumes = volumes
    this.#pairs = pairs
  }

  async mount({ name }: DriverVolume, { id }: ReferenceInfo, call: DriverCall): Promise<Mounted> {
    throwIfAborted(call.signal, { op: 'mount', subject: name })
    const before = this.#pairs.find(name, id)
    if (before?.path !== undefined && this.#pairs.isMounted(before)) return { path: before.path }
    if (before !== undefined) await this.#finish(before, call)
    const pair = await this.#pairs.begin(name, id)
    try {
      const path = await this.#volumes.mount(name, pair.id, call)
      await this.#pairs.put({ ...pair, phase: 'mounted', path })
      return { path }
    } catch (error) {
      if (outcomeOf(error) !== 'unknown') await this.#pairs.forget(pair)
      throw error
    }
  }

  async unmount(
    { name }: DriverVolume,
    { id }: ReferenceInfo,
    _: JsonValue | undefined,
    call: DriverCall,
  ): Promise<void> {
    const pair = this.#pairs.find(name, id)
    if (pair !== undefined) await this.#finish(pair, call)
    await this.settle(name, call)
  }

  /**
   * Where a volume is, as far as we had it mounted. The plugin is not asked: many do not tell in Get, some forget it when they are
   * restarted, and the mount is there all the same.
   */
  async path(name: string): Promise<string | undefined> {
    for (const pair of this.#pairs.of(name)) {
      if (pair.path !== undefined && this.#pairs.isMounted(pair) && (await isThere(pair.path))) return pair.path
    }
    return undefined
  }

  /** Sends the Unmounts that are owed, once nobody uses the volume. */
  async settle(name: string, call: DriverCall): Promise<void> {
    const pairs = this.#pairs.of(name)
    const owed = pairs.filter(({ phase }) => phase === 'owed')
    if (owed.length === 0 || owed.length < pairs.length) return
    for (const pair of owed) {
      try {
        await this.#finish(pair, call)
      } catch (error) {
        const about = { volume: name, mount: pair.id, err: error }
        call.log.warn(about, 'an unmount that is owed to a volume plugin could not be made yet')
      }
    }
  }

  /** Brings a pair to its end. */
  async #finish(pair: MountPair, call: DriverCall): Promise<void> {
    const isDoubtful = pair.phase === 'unmounting' || pair.phase === 'owed'
    if (isDoubtful && !(await this.#isMountedStill(pair, call))) {
      await this.#pairs.forget(pair)
      return
    }
    if (isDoubtful && this.#isShared(pair)) {
      call.log.warn(
        { volume: pair.volume, mount: pair.id },
        'an unmount whose outcome is unknown waits until nobody else uses the volume',
      )
      await this.#pairs.owe(pair)
      return
    }
    await this.#unmount(pair, call)
  }

  async #unmount(pair: MountPair, call: DriverCall): Promise<void> {
    if (pair.phase === 'mounting' || pair.phase === 'mounted') await this.#pairs.put({ ...pair, phase: 'unmounting' })
    try {
      await this.#volumes.unmount(pair.volume, pair.id, call)
    } catch (error) {
      if (outcomeOf(error) === 'unknown') throw error
      if (!isRefusal(error) || !(await this.#isOver(pair, error, call))) {
        await this.#pairs.put(pair)
        throw error
      }
    }
    await this.#pairs.forget(pair)
  }

  /** Whether a refused Unmount means that there is nothing to unmount: no such volume, or a Mount that may never have been. */
  async #isOver(pair: MountPair, refusal: unknown, call: DriverCall): Promise<boolean> {
    const { presence, volume } = await this.#volumes.look(pair.volume, call, true)
    const isMounted = presence === 'untold' || (volume?.path !== undefined && !this.#isShared(pair))
    if (presence !== 'absent' && (this.#pairs.isMounted(pair) || isMounted)) return false
    call.log.warn(
      { volume: pair.volume, mount: pair.id, err: refusal },
      'a volume plugin refused an unmount of what is not mounted',
    )
    return true
  }

  async #isMountedStill({ volume }: MountPair, call: DriverCall): Promise<boolean> {
    const sighting = await this.#volumes.look(volume, call, true)
    return sighting.presence === 'untold' || sighting.volume?.path !== undefined
  }

  #isShared({ volume, id }: MountPair): boolean {
    return this.#pairs.of(volume).some((other) => other.id !== id && this.#pairs.isMounted(other))
  }
}

/** What is no more is not mounted; what cannot be looked at is. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    return !hasErrno(error, 'ENOENT', 'ENOTDIR')
  }
}
