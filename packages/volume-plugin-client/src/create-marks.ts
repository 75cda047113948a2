import { createHash } from 'node:crypto'
import type { DriverStateArea } from '@pouch/volume-core/driver'

/**
 * Notes, before a plugin is asked to create a volume, that it was. Whoever undoes a create that failed then knows whether the
 * volume may be deleted: one that the plugin had all along is somebody's data.
 */
export class CreateMarks {
  readonly #state: DriverStateArea

  constructor(state: DriverStateArea) {
    this.#state = state
  }

  async has(name: string): Promise<boolean> {
    return (await this.#state.get(keyOf(name))) !== undefined
  }

  async set(name: string): Promise<void> {
    await this.#state.set(keyOf(name), { volume: name })
  }

  async delete(name: string): Promise<void> {
    await this.#state.delete(keyOf(name))
  }
}

/** Names may be longer than keys. */
const keyOf = (name: string) => `create/${createHash('sha256').update(name).digest('hex')}`
