import type { Descriptor } from '@pouch/ctrd-client'
import { shortId } from './digest.js'
import type { ImageWork } from './image-work.js'
import { KeyedLock } from './keyed-lock.js'
import { byteProgress, type ProgressListener } from './progress.js'
import type { FetchCall } from './registry/registry-client.js'
import { Semaphore } from './semaphore.js'
import type { LayerListener } from './unpacker.js'

/** What all pulls of a manager share: a blob is downloaded once at a time, and only so many are. */
export class BlobLocks {
  readonly blobs = new KeyedLock()
  readonly downloads: Semaphore

  /** @param parallel downloads at a time */
  constructor(parallel: number) {
    this.downloads = new Semaphore(parallel)
  }
}

/** What downloads need. */
export interface DownloadParts {
  readonly work: ImageWork
  readonly locks: BlobLocks
  readonly onProgress: ProgressListener | undefined
  /** The bytes of a layer. */
  blob(layer: Descriptor, call: FetchCall): AsyncIterable<Uint8Array>
  /** Whether the chain up to this layer is a snapshot already. */
  isUnpacked(index: number): Promise<boolean>
}

/**
 * The layers of one image, downloaded side by side while those that are here are unpacked one after the other. The first
 * failure ends them all.
 */
export class LayerDownloads {
  readonly #layers: readonly Descriptor[]
  readonly #parts: DownloadParts
  readonly #stop = new AbortController()
  /** Layers that were here and unpacked. */
  readonly #ready = new Set<string>()
  #failure: unknown

  constructor(layers: readonly Descriptor[], parts: DownloadParts) {
    this.#layers = layers
    this.#parts = parts
  }

  /**
   * Downloads while `unpack` runs.
   *
   * @param unpack gets what to await before it touches a layer, and whom to tell of each
   * @throws the first failure
   */
  async run<Result>(
    unpack: (ready: (index: number) => Promise<void>, listener: LayerListener) => Promise<Result>,
  ): Promise<Result> {
    for (const layer of this.#layers) this.#tell(layer, 'Pulling fs layer')
    const { signal } = this.#parts.work
    const work = this.#parts.work.until(
      signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
    )
    const downloads = this.#layers.map((layer, index) => this.#download(layer, index, work))
    for (const download of downloads) download.catch((error: unknown) => this.#stopAll(error))
    try {
      return await unpack(
        async (index) => downloads[index],
        (layer, state) => this.#unpacked(layer.descriptor, state),
      )
    } catch (error) {
      this.#stopAll(error)
      throw this.#failure
    } finally {
      this.#stop.abort()
      await Promise.allSettled(downloads)
    }
  }

  async #download(layer: Descriptor, index: number, work: ImageWork): Promise<void> {
    const { locks } = this.#parts
    await locks.blobs.run(layer.digest, work.signal, async () => {
      if (await work.holdContent(layer.digest)) {
        const isReady = await this.#parts.isUnpacked(index)
        if (isReady) this.#ready.add(layer.digest)
        this.#tell(layer, isReady ? 'Already exists' : 'Download complete')
        return
      }
      if (locks.downloads.isFull) this.#tell(layer, 'Waiting')
      await locks.downloads.run(work.signal, () => this.#fetch(layer, work))
    })
  }

  async #fetch(layer: Descriptor, work: ImageWork): Promise<void> {
    const id = shortId(layer.digest)
    const onProgress = byteProgress(this.#parts.onProgress, { id, status: 'Downloading', total: layer.size })
    const onPause = (pauseMs: number) => this.#tell(layer, `Retrying in ${Math.ceil(pauseMs / 1000)} seconds`)
    const source = this.#parts.blob(layer, { signal: work.signal, onPause })
    await work.write(source, { digest: layer.digest, sizeBytes: layer.size, onProgress })
    // The last bytes are checked when they are committed, so this is told of what is done.
    this.#tell(layer, 'Verifying Checksum')
    this.#tell(layer, 'Download complete')
  }

  #unpacked(layer: Descriptor, state: Parameters<LayerListener>[1]): void {
    if (this.#ready.has(layer.digest)) return
    this.#tell(layer, state === 'started' ? 'Extracting' : 'Pull complete')
  }

  // The others fail because they are stopped; what stopped them is what the caller must hear.
  #stopAll(error: unknown): void {
    this.#failure ??= error
    this.#stop.abort()
  }

  #tell(layer: Descriptor, status: string): void {
    this.#parts.onProgress?.({ id: shortId(layer.digest), status })
  }
}
