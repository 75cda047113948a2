import { PouchError } from '@pouch/errors'
import { chainIds } from './chain-id.js'
import { isContentDigest, shortId } from './digest.js'
import { manifestRefs } from './docker-archive.js'
import { type OciImageConfig, parseImageConfig } from './image-config.js'
import type { ImagePublisher } from './image-publisher.js'
import type { ImageRecords } from './image-records.js'
import type { ImageWork } from './image-work.js'
import { malformed } from './json-document.js'
import { contentRef } from './labels.js'
import { type BlobLocks, LayerDownloads } from './layer-downloads.js'
import { type ImageManifest, parseManifest } from './manifest.js'
import { formatPlatform, hostPlatform, type Platform, parsePlatform, platformDistance } from './platform.js'
import { chooseEntry } from './platform-choice.js'
import type { ProgressListener } from './progress.js'
import { type Reference, withDigest } from './reference.js'
import { type FetchedManifest, RegistryClient } from './registry/registry-client.js'
import type { RegistryCredentials, RegistryOptions } from './registry/registry-options.js'
import type { StoredImage } from './stored-image.js'

/** Options of a pull. */
export interface PullOptions {
  /** `linux/arm64`; this host's unless told. */
  readonly platform?: string | undefined
  /** Who asks; the manager's credentials for the registry unless told. */
  readonly auth?: RegistryCredentials | undefined
  readonly onProgress?: ProgressListener | undefined
  /** Ends the pull; what it had downloaded is taken back. */
  readonly signal?: AbortSignal | undefined
}

/** What a pull works with. */
export interface PullParts {
  readonly publisher: ImagePublisher
  readonly records: ImageRecords
  readonly registries: RegistryOptions
  readonly locks: BlobLocks
}

/** One pull of one image. */
export class ImagePuller {
  readonly #reference: Reference
  readonly #options: PullOptions
  readonly #parts: PullParts
  readonly #work: ImageWork
  readonly #client: RegistryClient
  readonly #platform: Platform

  /** @throws PouchError `invalid-argument` for a bad platform, `unsupported` for a digest that is not sha256 */
  constructor(reference: Reference, options: PullOptions, parts: PullParts, work: ImageWork) {
    if (reference.digest !== undefined && !isContentDigest(reference.digest)) {
      throw new PouchError(
        'unsupported',
        `${reference.familiar} cannot be pulled: containerd stores images by sha256 only`,
        {
          op: 'image.pull',
          subject: reference.familiar,
        },
      )
    }
    this.#reference = reference
    this.#options = options
    this.#parts = parts
    this.#work = work
    this.#platform = isGiven(options.platform) ? parsePlatform(options.platform) : hostPlatform()
    this.#client = new RegistryClient(reference, { ...parts.registries, auth: options.auth })
  }

  /** Downloads, unpacks and names the image. */
  async pull(): Promise<StoredImage> {
    try {
      return await this.#pull()
    } finally {
      this.#client.close()
    }
  }

  async #pull(): Promise<StoredImage> {
    const { tag, digest, path, familiar, canonical } = this.#reference
    const top = await this.#client.manifest(digest ?? tag ?? 'latest', this.#work.call)
    this.#tell({ id: tag ?? digest ?? '', status: `Pulling from ${path}` })
    const { chosen, manifest } = await this.#choose(top)
    const config = await this.#config(manifest)
    const image: StoredImage = {
      id: manifest.config.digest,
      config,
      configBytes: manifest.config.size,
      manifest: chosen.descriptor.digest,
      target: top.descriptor,
      layers: manifest.layers,
      references: [this.#reference],
    }
    const sizeBytes = await this.#layers(image)
    await this.#storeManifests(top, chosen, manifest)
    const former = await this.#parts.records.get(canonical, this.#work.call)
    const byDigest = withDigest(this.#reference, top.descriptor.digest).canonical
    const names = [...new Set([canonical, byDigest])]
    await this.#parts.publisher.name([{ image, sizeBytes, names }], this.#work)
    this.#tell({ status: `Digest: ${top.descriptor.digest}` })
    const isNew = former?.target.digest !== top.descriptor.digest || former.imageId !== image.id
    this.#tell({ status: `Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${familiar}` })
    return image
  }

  async #choose(top: FetchedManifest): Promise<{ chosen: FetchedManifest; manifest: ImageManifest }> {
    const { familiar } = this.#reference
    const document = parseManifest(top.bytes, top.descriptor.mediaType, `the manifest of ${familiar}`)
    if (document.kind === 'manifest') return { chosen: top, manifest: document }
    const entry = chooseEntry(document, this.#platform, familiar)
    const chosen = await this.#client.manifest(entry.digest, this.#work.call)
    const manifest = parseManifest(chosen.bytes, entry.mediaType, `the manifest ${entry.digest} of ${familiar}`)
    if (manifest.kind === 'index') throw malformed(`the manifest of ${familiar}`, 'it is an index of indexes')
    return { chosen, manifest }
  }

  async #config(manifest: ImageManifest): Promise<OciImageConfig> {
    const { digest, size } = manifest.config
    if (!(await this.#work.holdContent(digest))) {
      await this.#work.write(this.#client.blob(manifest.config, this.#work.call), { digest, sizeBytes: size })
    }
    const config = parseImageConfig(await this.#work.read(digest), `the configuration of ${this.#reference.familiar}`)
    if (config.rootfs.diff_ids.length !== manifest.layers.length) {
      throw malformed(
        `the manifest of ${this.#reference.familiar}`,
        `it has ${manifest.layers.length} layers where its configuration has ${config.rootfs.diff_ids.length}`,
      )
    }
    this.#assertPlatform(config)
    return config
  }

  // An image without a list of platforms is taken as it is, unless another one was asked for by name.
  #assertPlatform(config: OciImageConfig): void {
    if (!isGiven(this.#options.platform) || platformDistance(this.#platform, config) !== undefined) return
    const wanted = formatPlatform(this.#platform)
    const actual = formatPlatform(config)
    throw new PouchError(
      'not-found',
      `image with reference ${this.#reference.familiar} was found but does not match the specified platform: wanted ${wanted}, actual: ${actual}`,
      { op: 'image.pull', subject: this.#reference.familiar, details: { wanted, actual } },
    )
  }

  async #layers(image: StoredImage): Promise<number> {
    const chain = chainIds(image.config.rootfs.diff_ids)
    const downloads = new LayerDownloads(image.layers, {
      work: this.#work,
      locks: this.#parts.locks,
      onProgress: this.#options.onProgress,
      blob: (layer, call) => this.#client.blob(layer, call),
      isUnpacked: (index) => this.#work.holdSnapshot(chain[index] ?? ''),
    })
    return downloads.run(async (ready, unpacked) => {
      const { sizeBytes } = await this.#parts.publisher.unpack(image, this.#work, unpacked, ready)
      return sizeBytes
    })
  }

  async #storeManifests(top: FetchedManifest, chosen: FetchedManifest, manifest: ImageManifest): Promise<void> {
    await this.#store(chosen, manifestRefs(manifest.config.digest, manifest.layers))
    const { digest } = chosen.descriptor
    if (digest !== top.descriptor.digest) await this.#store(top, { [contentRef(`m.${shortId(digest)}`)]: digest })
  }

  async #store(document: FetchedManifest, labels: Readonly<Record<string, string>>): Promise<void> {
    await this.#work.writeDocument(document.bytes, { digest: document.descriptor.digest, labels })
  }

  #tell(progress: { id?: string; status: string }): void {
    this.#options.onProgress?.(progress)
  }
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
