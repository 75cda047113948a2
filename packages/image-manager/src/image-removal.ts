import { PouchError } from '@pouch/errors'
import type { TypedEmitter } from '@pouch/events'
import { shortId } from './digest.js'
import { familiarName } from './familiar-name.js'
import type { RemovedImage } from './image.js'
import type { ImageEvents } from './image-events.js'
import type { ImageNames } from './image-names.js'
import type { ImageRecord, ImageRecords } from './image-records.js'

/** A container that uses an image. */
export interface ImageUser {
  readonly id: string
  /** Nothing can force the removal of an image while a container of it runs. */
  readonly running: boolean
}

/** What is to be removed, and what is known of it. */
export interface RemovalRequest {
  /** What the caller wrote. */
  readonly nameOrId: string
  /** The record that a name means; undefined when the caller gave an id. */
  readonly named: ImageRecord | undefined
  readonly records: readonly ImageRecord[]
  readonly users: readonly ImageUser[]
  readonly force: boolean
}

/**
 * Removes names, and the image with its last one, by Docker's rules:
 *
 * - A name given while others stay takes that name only, whoever uses the image.
 * - The last name of an image that a container uses needs force; with it, an image that a container runs stays nameless.
 * - An id removes the image with all its names if they are of one repository, else needs force; never while a container runs.
 */
export class ImageRemoval {
  readonly #records: ImageRecords
  readonly #names: ImageNames
  readonly #events: TypedEmitter<ImageEvents>

  constructor(records: ImageRecords, names: ImageNames, events: TypedEmitter<ImageEvents>) {
    this.#records = records
    this.#names = names
    this.#events = events
  }

  /** To be called while nobody else changes names. @throws PouchError `in-use`, `conflict` */
  async remove(request: RemovalRequest): Promise<RemovedImage[]> {
    return request.named === undefined ? this.#removeById(request) : this.#removeByName(request, request.named)
  }

  async #removeByName(request: RemovalRequest, named: ImageRecord): Promise<RemovedImage[]> {
    const [user] = request.users
    const imageId = named.imageId
    if (!request.force && user !== undefined && isSingle(request.records)) {
      throw inUse(
        `conflict: unable to remove repository reference "${request.nameOrId}" (must force) - container ${user.id.slice(0, 12)} is using its referenced image ${shortId(imageId)}`,
        request,
      )
    }
    const going = goingWith(named, request.records)
    const staying = request.records.filter((each) => !going.includes(each))
    if (staying.length > 0) return this.#untag(going)
    if (request.users.some((each) => each.running)) {
      for (const record of going) await this.#names.takeKeeping(record)
      return going.map((each) => ({ untagged: familiarName(each.name) }))
    }
    return this.#delete(request.records)
  }

  async #removeById(request: RemovalRequest): Promise<RemovedImage[]> {
    const { records, users, force } = request
    const imageId = records[0]?.imageId ?? ''
    const running = users.find((each) => each.running)
    if (running !== undefined) {
      throw inUse(
        `${unable(imageId, 'cannot be forced')} - image is being used by running container ${running.id.slice(0, 12)}`,
        request,
      )
    }
    const hasNames = records.some((each) => each.kind !== 'nameless')
    if (!force && hasNames && !isSingle(records)) {
      const message = `${unable(imageId, 'must be forced')} - image is referenced in multiple repositories`
      const names = records.map((each) => familiarName(each.name))
      throw new PouchError('conflict', message, {
        op: 'image.remove',
        subject: request.nameOrId,
        details: { references: names },
      })
    }
    const [stopped] = users
    if (!force && stopped !== undefined) {
      throw inUse(
        `${unable(imageId, 'must be forced')} - image is being used by stopped container ${stopped.id.slice(0, 12)}`,
        request,
      )
    }
    return this.#delete(records)
  }

  async #untag(records: readonly ImageRecord[]): Promise<RemovedImage[]> {
    const removed: RemovedImage[] = []
    for (const record of records) {
      await this.#records.delete(record.name, { sync: false })
      this.#events.emit('image.untagged', record.imageId, familiarName(record.name))
      removed.push({ untagged: familiarName(record.name) })
    }
    return removed
  }

  async #delete(records: readonly ImageRecord[]): Promise<RemovedImage[]> {
    const imageId = records[0]?.imageId ?? ''
    const ordered = [...records].sort((a, b) => Number(a.kind === 'digest') - Number(b.kind === 'digest'))
    const removed: RemovedImage[] = []
    for (const [index, record] of ordered.entries()) {
      // The last one waits for the collector, so that the space is free when the caller hears of it.
      await this.#records.delete(record.name, { sync: index === ordered.length - 1 })
      if (record.kind === 'nameless') continue
      this.#events.emit('image.untagged', imageId, familiarName(record.name))
      removed.push({ untagged: familiarName(record.name) })
    }
    this.#events.emit('image.removed', imageId)
    return [...removed, { deleted: imageId }]
  }
}

/** Whether all names are of one repository, and one of them at most is a tag. */
function isSingle(records: readonly ImageRecord[]): boolean {
  const named = records.filter((each) => each.kind !== 'nameless')
  const tags = named.filter((each) => each.kind === 'tag')
  return named.length > 0 && tags.length <= 1 && new Set(named.map((each) => each.repository)).size === 1
}

/** The names that go with one: with the last tag of a repository, its digests. */
function goingWith(named: ImageRecord, records: readonly ImageRecord[]): ImageRecord[] {
  const siblings = records.filter((each) => each.repository === named.repository && each.name !== named.name)
  const keepsDigests = named.kind !== 'tag' || siblings.some((each) => each.kind === 'tag')
  return [named, ...(keepsDigests ? [] : siblings)]
}

function unable(imageId: string, force: string): string {
  return `conflict: unable to delete ${shortId(imageId)} (${force})`
}

function inUse(message: string, request: RemovalRequest): PouchError {
  return new PouchError('in-use', message, {
    op: 'image.remove',
    subject: request.nameOrId,
    details: { containers: request.users.map((each) => each.id) },
  })
}
