import { hasCode, PouchError } from '@pouch/errors'
import { chainIds } from './chain-id.js'
import { ConfigCache } from './config-cache.js'
import { digestOf } from './digest.js'
import { familiarName } from './familiar-name.js'
import type { Image, ResolvedImage } from './image.js'
import { type OciImageConfig, parseImageConfig } from './image-config.js'
import type { ImageRecord, ImageRecords } from './image-records.js'
import type { ImageContext } from './image-work.js'
import { maxDocumentBytes } from './manifest.js'
import { parseReference } from './reference.js'

const wholeId = /^(?:sha256:)?([a-f0-9]{64})$/
const partOfId = /^(?:sha256:)?([a-f0-9]{1,63})$/

/** Finds images by what people call them, and says what they are. */
export class ImageCatalog {
  readonly #context: ImageContext
  readonly #records: ImageRecords
  readonly #configs = new ConfigCache()

  constructor(context: ImageContext, records: ImageRecords) {
    this.#context = context
    this.#records = records
  }

  /**
   * The names of the image that is meant by an id, the beginning of one, a name or a name with a digest.
   *
   * @returns at least one
   * @throws PouchError `not-found`, or `invalid-argument` for the beginning of several ids and for what is no name
   */
  async find(nameOrId: string, signal?: AbortSignal): Promise<readonly ImageRecord[]> {
    const call = signal === undefined ? {} : { signal }
    const hex = wholeId.exec(nameOrId)?.[1]
    if (hex !== undefined) {
      const records = await this.#records.list(`sha256:${hex}`, call)
      if (records.length > 0) return records
      throw notFound(nameOrId)
    }
    if (nameOrId.startsWith('sha256:')) return this.#findByPart(nameOrId, nameOrId, signal)
    const reference = parseReference(nameOrId)
    const record = await this.#records.get(reference.canonical, call)
    if (record !== undefined) return this.#records.list(record.imageId, call)
    if (reference.digest !== undefined)
      return this.#findByDigest(reference.repository, reference.digest, reference.familiar, signal)
    return this.#findByPart(nameOrId, reference.familiar, signal)
  }

  /** What a container needs. @throws as {@link find} */
  async resolve(nameOrId: string, signal?: AbortSignal): Promise<ResolvedImage> {
    const records = await this.find(nameOrId, signal)
    const record = first(records)
    const config = await this.config(record.imageId, signal)
    return Object.freeze({
      id: record.imageId,
      references: tagsOf(records),
      config,
      chainId: chainIds(config.rootfs.diff_ids).at(-1) ?? '',
      target: record.target,
    })
  }

  /** The image that these names belong to. */
  async image(records: readonly ImageRecord[], signal?: AbortSignal): Promise<Image> {
    const record = first(records)
    const config = await this.config(record.imageId, signal)
    return Object.freeze({
      id: record.imageId,
      references: tagsOf(records),
      digests: records.filter((each) => each.kind === 'digest').map((each) => familiarName(each.name)),
      createdAt: config.created ?? '0001-01-01T00:00:00Z',
      taggedAt: records
        .flatMap((each) => (each.kind === 'tag' && each.updatedAt !== undefined ? [each.updatedAt] : []))
        .sort()
        .at(-1),
      sizeBytes: record.sizeBytes,
      architecture: config.architecture,
      variant: config.variant,
      os: config.os,
      author: config.author ?? '',
      comment: config.comment ?? '',
      config: config.config,
      layers: config.rootfs.diff_ids,
      labels: config.config.Labels ?? {},
      history: config.history,
      target: record.target,
    })
  }

  /** All images, each once; one whose configuration cannot be read is logged and left out, so that the others are seen. */
  async all(signal?: AbortSignal): Promise<Image[]> {
    const groups = group(await this.#records.list(undefined, { signal }))
    const images = await Promise.all([...groups.values()].map((records) => this.#imageIfReadable(records, signal)))
    return images.filter((each) => each !== undefined)
  }

  /** An image's configuration. @throws PouchError `corrupt` when containerd lost it */
  async config(id: string, signal?: AbortSignal): Promise<OciImageConfig> {
    const known = this.#configs.get(id)
    if (known !== undefined) return known
    const bytes = await this.#readConfig(id, signal)
    const config = parseImageConfig(bytes, `the configuration ${id}`)
    this.#configs.set(id, config, bytes.byteLength)
    return config
  }

  async #readConfig(id: string, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      const bytes = await this.#context.containerd.content.readAll(id, maxDocumentBytes, { signal })
      if (digestOf(bytes) === id) return bytes
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error
      throw lost(id, 'it is gone from the content store', error)
    }
    throw lost(id, 'its bytes are not what its digest says')
  }

  async #imageIfReadable(records: readonly ImageRecord[], signal?: AbortSignal): Promise<Image | undefined> {
    try {
      return await this.image(records, signal)
    } catch (error) {
      if (!hasCode(error, 'corrupt')) throw error
      this.#context.log.error({ err: error, names: records.map((each) => each.name) }, 'an image cannot be read')
      return undefined
    }
  }

  async #findByDigest(
    repository: string,
    digest: string,
    shown: string,
    signal?: AbortSignal,
  ): Promise<readonly ImageRecord[]> {
    const all = await this.#records.list(undefined, { signal })
    const match = all.find(
      (each) => each.repository === repository && (each.target.digest === digest || each.manifest === digest),
    )
    if (match === undefined) throw notFound(shown)
    return all.filter((each) => each.imageId === match.imageId)
  }

  async #findByPart(text: string, shown: string, signal?: AbortSignal): Promise<readonly ImageRecord[]> {
    const hex = partOfId.exec(text)?.[1]
    if (hex === undefined) throw notFound(shown)
    const all = await this.#records.list(undefined, { signal })
    const matching = all.filter((each) => each.imageId.startsWith(`sha256:${hex}`))
    const ids = new Set(matching.map((each) => each.imageId))
    if (ids.size === 0) throw notFound(shown)
    if (ids.size === 1) return matching
    throw new PouchError('invalid-argument', `${ids.size} images have an id that begins with ${hex}: give more of it`, {
      op: 'image.find',
      subject: text,
      details: { ids: [...ids] },
    })
  }
}

function group(records: readonly ImageRecord[]): Map<string, ImageRecord[]> {
  const groups = new Map<string, ImageRecord[]>()
  for (const record of records) {
    const known = groups.get(record.imageId)
    if (known === undefined) groups.set(record.imageId, [record])
    else known.push(record)
  }
  return groups
}

function tagsOf(records: readonly ImageRecord[]): string[] {
  return records
    .filter((each) => each.kind === 'tag')
    .map((each) => familiarName(each.name))
    .sort()
}

function first(records: readonly ImageRecord[]): ImageRecord {
  const [record] = records
  if (record === undefined) throw new PouchError('internal', 'an image has no record', { op: 'image.find' })
  return record
}

function notFound(shown: string): PouchError {
  return new PouchError('not-found', `No such image: ${shown}`, { op: 'image.find', subject: shown })
}

function lost(id: string, why: string, cause?: unknown): PouchError {
  return new PouchError(
    'corrupt',
    `the configuration of the image ${id} cannot be used: ${why}; remove the image and get it again`,
    {
      op: 'image.readConfig',
      subject: id,
      cause,
    },
  )
}
