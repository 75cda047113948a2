import type { DriverStateArea } from '@pouch/volume-core/driver'
import type { Sighting } from './plugin-volumes.js'

const key = 'telling'

/**
 * Whether a plugin tells where a volume is while it is mounted, and only then. Many tell it always or never, and the protocol does not
 * say; it shows at the first mount, and is kept.
 */
export class MountTelling {
  readonly #state: DriverStateArea
  #isReliable: boolean | undefined

  private constructor(state: DriverStateArea, isReliable: boolean | undefined) {
    this.#state = state
    this.#isReliable = isReliable
  }

  static async open(state: DriverStateArea): Promise<MountTelling> {
    const value = await state.get(key)
    return new MountTelling(state, typeof value === 'boolean' ? value : undefined)
  }

  /** Whether it has shown yet. */
  get isKnown(): boolean {
    return this.#isReliable !== undefined
  }

  /** Whether a volume without a mountpoint is not mounted. `false` until it has shown. */
  get isReliable(): boolean {
    return this.#isReliable === true
  }

  /** Compares what the plugin said of a volume before its mount and after it. */
  async learn(before: Sighting, after: Sighting): Promise<void> {
    // Where it was mounted already, by whomever, nothing shows.
    if (before.volume === undefined || before.volume.path !== undefined || after.volume === undefined) return
    this.#isReliable = after.volume.path !== undefined
    await this.#state.set(key, this.#isReliable)
  }
}
