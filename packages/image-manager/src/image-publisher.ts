import { PouchError } from '@pouch/errors'
import type { OciImageConfig } from './image-config.js'
import type { ImageNames } from './image-names.js'
import type { RecordContent } from './image-records.js'
import type { ImageWork } from './image-work.js'
import { snapshotRef } from './labels.js'
import type { StoredImage } from './stored-image.js'
import type { LayerListener, Unpacker } from './unpacker.js'

/** Turns what is in the content store into an image: unpacks its layers, then gives it its names. */
export class ImagePublisher {
  readonly #unpacker: Unpacker
  readonly #names: ImageNames

  constructor(unpacker: Unpacker, names: ImageNames) {
    this.#unpacker = unpacker
    this.#names = names
  }

  /**
   * Unpacks an image and ties its snapshot to its configuration, so that one lives as long as the other.
   *
   * @param ready awaited before a layer is unpacked: its download
   */
  async unpack(
    image: Pick<StoredImage, 'id' | 'config' | 'layers'>,
    work: ImageWork,
    listener?: LayerListener,
    ready?: (index: number) => Promise<void>,
  ): Promise<{ chainId: string; sizeBytes: number }> {
    assertLinux(image.config)
    const diffIds = image.config.rootfs.diff_ids
    const layers = image.layers.map((descriptor, index) => ({ descriptor, diffId: diffIds[index] ?? '' }))
    const chainId = await this.#unpacker.unpack(work, layers, listener, ready)
    if (chainId !== '') await work.label(image.id, { [snapshotRef(work.context.snapshotter)]: chainId })
    const sizes = await this.#unpacker.sizes(diffIds, work.signal)
    return { chainId, sizeBytes: sizes.reduce((sum, each) => sum + each, 0) }
  }

  /** Gives an unpacked image its names; without any it is kept under its id. From then on it is there. */
  async name(image: StoredImage, sizeBytes: number, names: readonly string[], work: ImageWork): Promise<void> {
    const content: RecordContent = { imageId: image.id, manifest: image.manifest, sizeBytes, target: image.target }
    await this.#names.exclusively(work.signal, () => this.#names.give(names, content))
  }
}

function assertLinux(config: OciImageConfig): void {
  if (config.os === 'linux') return
  throw new PouchError(
    'unsupported',
    `image operating system "${config.os}" cannot be used on this platform: only linux can`,
    {
      op: 'image.unpack',
      subject: config.os,
    },
  )
}
