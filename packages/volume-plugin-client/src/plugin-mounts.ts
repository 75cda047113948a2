import { stat } from 'node:fs/promises'
import { hasErrno, throwIfAborted } from '@pouch/errors'
import type { DriverCall, DriverVolume, JsonValue, Mounted, MountFacet, ReferenceInfo } from '@pouch/volume-core/driver'
import type { MountPair, MountPairs } from './mount-pairs.js'
import type { MountTelling } from './mount-telling.js'
import { outcomeOf } from './plugin-failure.js'
import { isRefusal, type PluginVolumes, type Sighting } from './plugin-volumes.js'

/**
 * Mounts by a plugin, one Mount and one Unmount for each reference.
 *
 * Plugins count, and few of them look at the ID: a Mount too many keeps a volume in use for ever, and so does an Unmount too many, after which
 * some count -1. So a pair is durable before its Mount is sent, and a Mount that was answered is not sent again. Of a Mount or an
 * Unmount without an answer, as after a crash, nobody knows whether it was done: then the plugin is asked whether the volume is mounted. If it is
 * and nobody else of ours uses it, the Unmount is sent; while somebody does it is owed, for another container must not lose its volume to a
 * mistaken count. A plugin that does not tell gets one Unmount for a Mount without an answer, and no second one for an Unmount. After a restart
 * of the host nothing is mounted; then a plugin gets an Unmount only if it says otherwise, as it gets none from dockerd.
 */
export class PluginMounts implements MountFacet {
  readonly per = 'reference'
  readonly #volumes: PluginVolumes
  readonly #pairs: MountPairs
  readonly #telling: MountTelling

  constructor(volumes: PluginVolumes, pairs: MountPairs, telling: MountTelling) {
    this.#volumes = volumes
    this.#pairs = pairs
    this.#telling = telling
  }

  async mount({ name }: DriverVolume, { id }: ReferenceInfo, call: DriverCall): Promise<Mounted> {
    throwIfAborted(call.signal, { op: 'mount', subject: name })
    const earlier = this.#pairs.find(name, id)
    if (earlier?.path !== undefined && this.#pairs.isMounted(earlier)) return { path: earlier.path }
    if (earlier !== undefined) await this.#finish(earlier, call)
    const before = this.#telling.isKnown ? undefined : await this.#volumes.look(name, call)
    const pair = await this.#pairs.begin(name, id)
    try {
      const path = await this.#volumes.mount(name, pair.id, call)
      await this.#pairs.put({ ...pair, phase: 'mounted', path })
      if (before !== undefined) await this.#learn(name, before, call)
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
    const end = pair === undefined ? 'over' : await this.#finish(pair, call)
    if (end === 'over') await this.settle(name, call)
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
    if (pairs.some(({ phase }) => phase !== 'owed')) return
    for (const pair of pairs) {
      try {
        await this.#finish(pair, call)
      } catch (error) {
        const about = { volume: name, mount: pair.id, err: error }
        call.log.warn(about, 'an unmount that is owed to a volume plugin could not be made yet')
      }
    }
  }

  /** Brings a pair to its end, or puts it off. */
  async #finish(pair: MountPair, call: DriverCall): Promise<'over' | 'owed'> {
    const isBlind = pair.phase === 'mounting' && this.#pairs.isOfThisBoot(pair) && !this.#telling.isReliable
    if (this.#pairs.isMounted(pair) || isBlind) return await this.#unmount(pair, call)
    if (await this.#isMountedStill(pair, call)) {
      return this.#isShared(pair) ? await this.#owe(pair, call) : await this.#unmount(pair, call)
    }
    // A Mount that takes long may yet be done: it is looked for again when the volume is used next, or removed.
    if (pair.phase === 'mounting' && this.#pairs.isOfThisBoot(pair)) return await this.#owe(pair, call)
    await this.#pairs.forget(pair)
    return 'over'
  }

  async #owe(pair: MountPair, call: DriverCall): Promise<'owed'> {
    const about = { volume: pair.volume, mount: pair.id, was: pair.phase }
    call.log.warn(about, 'a call of a volume plugin has an unknown outcome; its unmount is put off')
    if (pair.phase !== 'owed') await this.#pairs.owe(pair)
    return 'owed'
  }

  async #learn(name: string, before: Sighting, call: DriverCall): Promise<void> {
    try {
      await this.#telling.learn(before, await this.#volumes.look(name, call, 0))
    } catch (error) {
      call.log.debug({ volume: name, err: error }, 'a volume plugin did not show whether it tells what is mounted')
    }
  }

  async #unmount(pair: MountPair, call: DriverCall): Promise<'over'> {
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
    return 'over'
  }

  /** Whether a refused Unmount means that there is nothing to unmount: no such volume, or a Mount that may never have been. */
  async #isOver(pair: MountPair, refusal: unknown, call: DriverCall): Promise<boolean> {
    const { presence, volume } = await this.#volumes.look(pair.volume, call)
    const isMounted = presence === 'untold' || (volume?.path !== undefined && !this.#isShared(pair))
    if (presence !== 'absent' && (this.#pairs.isMounted(pair) || isMounted)) return false
    call.log.warn(
      { volume: pair.volume, mount: pair.id, err: refusal },
      'a volume plugin refused an unmount of what is not mounted',
    )
    return true
  }

  async #isMountedStill({ volume }: MountPair, call: DriverCall): Promise<boolean> {
    const sighting = await this.#volumes.look(volume, call)
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
