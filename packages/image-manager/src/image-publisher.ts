import { PouchError } from '@pouch/errors'
import type { OciImageConfig } from './image-config.js'
import type { ImageNames } from './image-names.js'
import type { ImageWork } from './image-work.js'
import { snapshotRef } from './labels.js'
import type { StoredImage } from './stored-image.js'
import type { LayerListener, Unpacker } from './unpacker.js'

/** An image that is ready to get its names. */
export interface UnpackedImage {
  readonly image: StoredImage
  readonly sizeBytes: number
  /** Full names, with tags or digests. */
  readonly names: readonly string[]
}

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

  /**
   * Gives unpacked images their names; one without any is kept under its id. From then on they are there: all of them, or
   * none when a name cannot be had.
   *
   * @throws PouchError `conflict` for a name of another engine
   */
  async name(images: readonly UnpackedImage[], work: ImageWork): Promise<void> {
    await this.#names.exclusively(work.signal, async () => {
      await this.#names.assertFree(images.flatMap((each) => each.names))
      for (const { image, sizeBytes, names } of images) {
        await this.#names.give(names, { imageId: image.id, manifest: image.manifest, sizeBytes, target: image.target })
      }
    })
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
