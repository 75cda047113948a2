import type { ContainerdClient } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import { createEmitter, type TypedEmitter } from '@pouch/events'
import type { HistoryItem, Image, LoadedImage, RemovedImage, ResolvedImage } from './image.js'
import { ImageCatalog } from './image-catalog.js'
import type { ImageEvents } from './image-events.js'
import { type ImageFilter, matchesFilter } from './image-filter.js'
import { historyOf } from './image-history.js'
import { ImageNames } from './image-names.js'
import { ImagePublisher } from './image-publisher.js'
import { ImagePuller, type PullOptions } from './image-puller.js'
import { type ImageRecord, ImageRecords } from './image-records.js'
import { ImageRemoval, type ImageUser } from './image-removal.js'
import { type ImageContext, ImageWork } from './image-work.js'
import { type ImportOptions, importArchive } from './import-archive.js'
import { BlobLocks } from './layer-downloads.js'
import { loadArchive } from './load-archive.js'
import { type Logger, silent } from './logger.js'
import { parseManifest } from './manifest.js'
import type { ProgressListener } from './progress.js'
import { parseReference } from './reference.js'
import type { RegistryOptions } from './registry/registry-options.js'
import { Unpacker } from './unpacker.js'

/** Asked before an image is removed. A bare id stands for a container that runs. */
export type ImageUse = (imageId: string) => UserList | Promise<UserList>
type UserList = readonly (string | ImageUser)[]

/** Options of {@link ImageManager}. */
export interface ImageManagerOptions {
  /** In the namespace that the images are to be in. */
  readonly containerd: ContainerdClient
  /** Marks every object as this engine's; others in the namespace are left alone. */
  readonly engineId: string
  /** Where layers are unpacked: `overlayfs` unless told. */
  readonly snapshotter?: string
  readonly log?: Logger
  /** The containers that use an image; none unless told. */
  readonly isUsed?: ImageUse
  /** How registries are reached. */
  readonly registries?: RegistryOptions
}

/** Options of a call that may take long. */
export interface ImageCall {
  readonly onProgress?: ProgressListener | undefined
  /** Ends the call; what it had made is taken back. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The images of an engine, in containerd: load, import, pull, list, resolve, tag and remove. The truth is containerd's;
 * nothing is kept here but a bounded cache of configurations. Call {@link ImageManager.open} once before the first use.
 */
export class ImageManager {
  readonly events: TypedEmitter<ImageEvents>
  readonly #context: ImageContext
  readonly #records: ImageRecords
  readonly #catalog: ImageCatalog
  readonly #names: ImageNames
  readonly #publisher: ImagePublisher
  readonly #removal: ImageRemoval
  readonly #unpacker: Unpacker
  readonly #isUsed: ImageUse
  readonly #registries: RegistryOptions
  readonly #locks: BlobLocks

  constructor(options: ImageManagerOptions) {
    const { containerd, engineId, snapshotter = 'overlayfs', log = silent } = options
    this.events = createEmitter<ImageEvents>((error, event) => log.error({ err: error, event }, 'a listener failed'))
    this.#context = { containerd, engineId: checkedEngineId(engineId), snapshotter, log }
    this.#records = new ImageRecords(containerd, engineId)
    this.#catalog = new ImageCatalog(this.#context, this.#records)
    this.#names = new ImageNames(this.#records, this.events)
    this.#removal = new ImageRemoval(this.#records, this.#names, this.events)
    this.#unpacker = new Unpacker(this.#context)
    this.#publisher = new ImagePublisher(this.#unpacker, this.#names)
    this.#isUsed = options.isUsed ?? (() => [])
    this.#registries = options.registries ?? {}
    this.#locks = new BlobLocks(this.#registries.parallelDownloads ?? 3)
  }

  /** Takes back what loads and pulls left that a crash cut short. No other work may run yet. */
  async open(): Promise<void> {
    const dropped = await ImageWork.dropLeftOver(this.#context)
    if (dropped > 0)
      this.#context.log.info({ leases: dropped }, 'unfinished image work of an earlier run was taken back')
  }

  /**
   * Loads the images of an archive: `docker save`'s or an OCI layout, as a tar that is plain or compressed with gzip. All
   * or none of them.
   *
   * @throws PouchError `invalid-argument` for what is no such archive or not complete, `corrupt` when a digest is wrong,
   *   `unsupported` for other compressions
   */
  async load(tar: AsyncIterable<Uint8Array>, options: ImageCall = {}): Promise<LoadedImage[]> {
    const { signal, onProgress } = options
    const stored = await ImageWork.run(this.#context, 'load', signal, (work) =>
      loadArchive(tar, work, this.#publisher, onProgress),
    )
    const loaded: LoadedImage[] = []
    for (const each of stored) {
      const image = await this.get(each.id)
      loaded.push({ image, references: each.references.map((reference) => reference.familiar) })
      this.events.emit('image.loaded', image)
    }
    return loaded
  }

  /**
   * Makes an image of one layer from a tar of a root file system, plain or compressed with gzip.
   *
   * @throws PouchError `invalid-argument` for what is no tar, a bad reference or a bad change; `unsupported` for other compressions
   */
  async importRootfs(tar: AsyncIterable<Uint8Array>, options: ImportOptions = {}): Promise<Image> {
    const stored = await ImageWork.run(this.#context, 'import', options.signal, (work) =>
      importArchive(tar, work, this.#publisher, options),
    )
    const image = await this.get(stored.id)
    this.events.emit('image.imported', image)
    return image
  }

  /**
   * Pulls an image from its registry. What is here already is not downloaded again, and every byte is checked against the
   * digest that names it. When it fails or is ended, nothing of it stays.
   *
   * @throws PouchError `invalid-argument`, `not-found`, `permission-denied`, `unauthenticated`, `unavailable`, `corrupt`,
   *   `unsupported`, `aborted`
   */
  async pull(reference: string, options: PullOptions = {}): Promise<Image> {
    const parsed = parseReference(reference)
    const parts = {
      publisher: this.#publisher,
      records: this.#records,
      registries: this.#registries,
      locks: this.#locks,
    }
    const stored = await ImageWork.run(this.#context, 'pull', options.signal, (work) =>
      new ImagePuller(parsed, options, parts, work).pull(),
    )
    const image = await this.get(stored.id)
    this.events.emit('image.pulled', image, parsed.familiar)
    return image
  }

  /** The images that meet the filter, newest first. @throws PouchError `not-found` for `before` and `since` */
  async list(filter: ImageFilter = {}, call: Pick<ImageCall, 'signal'> = {}): Promise<Image[]> {
    const { before, since } = filter
    const createdMs = async (name: string) => Date.parse((await this.get(name, call)).createdAt)
    const beforeMs = before === undefined ? Number.POSITIVE_INFINITY : await createdMs(before)
    const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : await createdMs(since)
    const all = await this.#catalog.all(call.signal)
    return all
      .map((image) => ({ image, ms: Date.parse(image.createdAt) }))
      .filter(({ image, ms }) => matchesFilter(image, filter) && ms < beforeMs && ms > sinceMs)
      .sort((a, b) => b.ms - a.ms || (a.image.id < b.image.id ? -1 : 1))
      .map(({ image }) => image)
  }

  /** The image of a name, an id or the beginning of one. @throws PouchError `not-found`, `invalid-argument` */
  async get(nameOrId: string, call: Pick<ImageCall, 'signal'> = {}): Promise<Image> {
    return this.#catalog.image(await this.#catalog.find(nameOrId, call.signal), call.signal)
  }

  /** What a container needs of an image. Its snapshot is there once {@link unpack} was called. @throws as {@link get} */
  async resolve(nameOrId: string, signal?: AbortSignal): Promise<ResolvedImage> {
    return this.#catalog.resolve(nameOrId, signal)
  }

  /** How an image was made, newest step first. @throws as {@link get} */
  async history(nameOrId: string, call: Pick<ImageCall, 'signal'> = {}): Promise<HistoryItem[]> {
    const image = await this.get(nameOrId, call)
    return historyOf(image, await this.#unpacker.sizes(image.layers, call.signal))
  }

  /**
   * Makes sure that an image is unpacked.
   *
   * @returns the key of the snapshot to put a container's on: the chain id, empty for an image without layers
   * @throws as {@link get}
   */
  async unpack(nameOrId: string, signal?: AbortSignal): Promise<string> {
    const resolved = await this.resolve(nameOrId, signal)
    const snapshots = this.#context.containerd.snapshots(this.#context.snapshotter)
    const isThere = resolved.chainId === '' || (await snapshots.stat(resolved.chainId, { signal })) !== undefined
    return isThere ? resolved.chainId : this.#unpackAgain(resolved, signal)
  }

  /**
   * Gives an image another name; the name moves when another image has it. A target without a tag gets `latest`.
   *
   * @throws PouchError `not-found`; `invalid-argument` for a target that is no name with a tag
   */
  async tag(source: string, target: string): Promise<void> {
    const reference = tagOf(target)
    const image = await this.#names.exclusively(undefined, async () => {
      const records = await this.#catalog.find(source)
      const [record] = records
      if (record !== undefined) await this.#names.give([reference.canonical], record)
      return this.get(reference.canonical)
    })
    this.events.emit('image.tagged', image, reference.familiar)
  }

  /**
   * Removes an image by Docker's rules. A name takes that name, and the image with its last one; an id takes the image with
   * all its names. The last name of an image that a container uses needs `force`, as does an id with names in several
   * repositories. While a container runs, an id is never taken, and the last name leaves the image nameless.
   *
   * @param options `usedBy` replaces the manager's `isUsed` for this call
   * @returns what was done, in order
   * @throws PouchError `not-found`; `in-use` with `details.containers`; `conflict` for an id with names in several repositories
   */
  async remove(
    nameOrId: string,
    options: { readonly force?: boolean; readonly usedBy?: ImageUse } = {},
  ): Promise<RemovedImage[]> {
    return this.#names.exclusively(undefined, async () => {
      const records = await this.#catalog.find(nameOrId)
      const users = await (options.usedBy ?? this.#isUsed)(records[0]?.imageId ?? '')
      return this.#removal.remove({
        nameOrId,
        records,
        named: recordNamed(nameOrId, records),
        users: users
          .map((each) => (typeof each === 'string' ? { id: each, running: true } : each))
          .sort((a, b) => Number(b.running) - Number(a.running)),
        force: options.force === true,
      })
    })
  }

  async #unpackAgain(resolved: ResolvedImage, signal: AbortSignal | undefined): Promise<string> {
    const [record] = await this.#catalog.find(resolved.id, signal)
    if (record === undefined) return resolved.chainId
    return ImageWork.run(this.#context, 'unpack', signal, async (work) => {
      const type = record.manifest === record.target.digest ? record.target.mediaType : ''
      const manifest = parseManifest(await work.read(record.manifest), type, `the manifest ${record.manifest}`)
      const layers = manifest.kind === 'manifest' ? manifest.layers : []
      const { chainId } = await this.#publisher.unpack({ id: resolved.id, config: resolved.config, layers }, work)
      return chainId
    })
  }
}

function tagOf(target: string): ReturnType<typeof parseReference> {
  const reference = parseReference(target)
  const fail = (message: string) => new PouchError('invalid-argument', message, { op: 'image.tag', subject: target })
  if (reference.digest !== undefined) throw fail('refusing to create a tag with a digest reference')
  if (reference.familiarRepository === 'sha256')
    throw fail('refusing to create an ambiguous tag using digest algorithm as name')
  return reference
}

// A name wins over an id that begins alike, as it does when an image is looked up.
function recordNamed(nameOrId: string, records: readonly ImageRecord[]): ImageRecord | undefined {
  if (nameOrId.startsWith('sha256:') || /^[a-f0-9]{64}$/.test(nameOrId)) return undefined
  const { canonical, repository, digest } = parseReference(nameOrId)
  const exact = records.find((each) => each.name === canonical)
  if (exact !== undefined || digest === undefined) return exact
  return records.find(
    (each) => each.repository === repository && (each.target.digest === digest || each.manifest === digest),
  )
}

function checkedEngineId(engineId: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(engineId)) return engineId
  throw new PouchError(
    'invalid-argument',
    `'${engineId}' is no engine id: give 1 to 64 letters, digits, dots, dashes or underscores`,
    {
      op: 'image.open',
      subject: engineId,
    },
  )
}
