import { PouchError } from '@pouch/errors'
import type { Volume, VolumeCall, VolumeManager } from '@pouch/volume-core'

/** An engine's volumes of one driver: a plugin's clients see no others. */
export class OwnVolumes {
  readonly #volumes: VolumeManager
  readonly #driver: string

  constructor(volumes: VolumeManager, driver: string) {
    this.#volumes = volumes
    this.#driver = driver
  }

  /** The volume, or `undefined` when this driver has none of this name. */
  async find(name: string, call: VolumeCall): Promise<Volume | undefined> {
    const volume = await this.#volumes.find(name, call)
    return volume?.driver === this.#driver ? volume : undefined
  }

  /** @throws PouchError `not-found` */
  async get(name: string, verb: string, call: VolumeCall): Promise<Volume> {
    const volume = await this.find(name, call)
    if (volume !== undefined) return volume
    throw new PouchError('not-found', `${verb} ${name}: no such volume`, { op: `plugin.${verb}`, subject: name })
  }
}
