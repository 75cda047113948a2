import type { TypedEmitter } from '@pouch/events'
import { familiarName } from './familiar-name.js'
import type { ImageEvents } from './image-events.js'
import type { ImageRecord, ImageRecords, RecordContent } from './image-records.js'
import { KeyedLock } from './keyed-lock.js'

/**
 * Gives names to images and takes them away, one change at a time, so that no image is ever without a record that keeps
 * it: an image that loses its last name gets its id as one before the name moves.
 */
export class ImageNames {
  readonly #records: ImageRecords
  readonly #events: TypedEmitter<ImageEvents>
  readonly #lock = new KeyedLock()

  constructor(records: ImageRecords, events: TypedEmitter<ImageEvents>) {
    this.#records = records
    this.#events = events
  }

  /** Runs a change of names when no other runs. */
  async exclusively<Result>(signal: AbortSignal | undefined, change: () => Promise<Result>): Promise<Result> {
    return this.#lock.run('names', signal, change)
  }

  /** @throws PouchError `conflict` when one of the names is another engine's */
  async assertFree(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#records.assertFree(name)
  }

  /**
   * Makes names point to an image, or keeps it under its id when it gets none and has none. To be called
   * {@link exclusively}.
   *
   * @param names full names, with tags or digests
   */
  async give(names: readonly string[], content: RecordContent): Promise<void> {
    for (const name of names) {
      const lost = await this.#keepFormer(name, content.imageId)
      await this.#records.put(name, content)
      if (lost !== undefined) this.#events.emit('image.untagged', lost, familiarName(name))
    }
    const all = await this.#records.list(content.imageId)
    const nameless = all.find((each) => each.kind === 'nameless')
    if (all.length === 0) await this.#records.put(content.imageId, content)
    else if (nameless !== undefined && all.length > 1) await this.#records.delete(nameless.name, { sync: false })
  }

  /** Takes a name away; the image stays under its id if this was the last one. To be called {@link exclusively}. */
  async takeKeeping(record: ImageRecord): Promise<void> {
    await this.#keep(record)
    await this.#records.delete(record.name, { sync: false })
    this.#events.emit('image.untagged', record.imageId, familiarName(record.name))
  }

  async #keepFormer(name: string, nextId: string): Promise<string | undefined> {
    const former = await this.#records.get(name)
    if (former === undefined || former.imageId === nextId) return undefined
    await this.#keep(former)
    return former.imageId
  }

  async #keep(record: ImageRecord): Promise<void> {
    const all = await this.#records.list(record.imageId)
    if (all.every((each) => each.name === record.name)) await this.#records.put(record.imageId, record)
  }
}
