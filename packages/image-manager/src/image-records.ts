import type { Call, ContainerdClient, Descriptor } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import { labelIs, labels } from './labels.js'

/** One name of an image, as containerd keeps it. */
export interface ImageRecord {
  /** The full name: `docker.io/library/busybox:latest`, `…@sha256:…`, or the image's id when it has no name. */
  readonly name: string
  readonly kind: 'tag' | 'digest' | 'nameless'
  /** `docker.io/library/busybox`; empty for a nameless one. */
  readonly repository: string
  readonly imageId: string
  readonly manifest: string
  readonly sizeBytes: number
  readonly target: Descriptor
  readonly updatedAt: string | undefined
}

/** What a name is to point to. */
export interface RecordContent {
  readonly imageId: string
  readonly manifest: string
  readonly sizeBytes: number
  readonly target: Descriptor
}

type WireImage = Awaited<ReturnType<ContainerdClient['images']['list']>>[number]

/** The names of this engine's images. Names of others in the same namespace are not seen, and never replaced. */
export class ImageRecords {
  readonly #images: ContainerdClient['images']
  readonly #engineId: string

  constructor(containerd: ContainerdClient, engineId: string) {
    this.#images = containerd.images
    this.#engineId = engineId
  }

  /** All names, or those of one image. */
  async list(imageId?: string, call?: Call): Promise<ImageRecord[]> {
    const one = imageId === undefined ? '' : `,${labelIs(labels.image, imageId)}`
    const images = await this.#images.list([labelIs(labels.engine, this.#engineId) + one], call)
    return images.map(toRecord).filter((each) => each !== undefined)
  }

  async get(name: string, call?: Call): Promise<ImageRecord | undefined> {
    const image = await this.#images.get(name, call)
    return image === undefined || !this.#isOurs(image) ? undefined : toRecord(image)
  }

  /** @throws PouchError `conflict` when the name is another engine's */
  async assertFree(name: string, call?: Call): Promise<void> {
    const present = await this.#images.get(name, call)
    if (present !== undefined && !this.#isOurs(present)) throw this.#foreign(name)
  }

  /**
   * Makes a name point to an image.
   *
   * @throws PouchError `conflict` when the name is another engine's
   */
  async put(name: string, content: RecordContent, call?: Call): Promise<void> {
    const image = {
      name,
      target: content.target,
      labels: {
        [labels.engine]: this.#engineId,
        [labels.image]: content.imageId,
        [labels.manifest]: content.manifest,
        [labels.sizeBytes]: String(content.sizeBytes),
      },
    }
    const present = await this.#images.get(name, call)
    if (present === undefined) await this.#images.create(image, call)
    else if (this.#isOurs(present)) await this.#images.update(image, ['labels', 'target'], call)
    else throw this.#foreign(name)
  }

  /** @param options `sync` waits until what only this name kept is gone */
  async delete(name: string, options: { readonly sync: boolean }, call?: Call): Promise<void> {
    await this.#images.delete(name, options, call)
  }

  #isOurs(image: WireImage): boolean {
    return image.labels[labels.engine] === this.#engineId
  }

  #foreign(name: string): PouchError {
    return new PouchError(
      'conflict',
      `the image name ${name} belongs to another user of this containerd namespace: remove it there, or use a namespace of your own`,
      { op: 'image.tag', subject: name },
    )
  }
}

// A record of ours without these labels was not made by this package; nothing can be said about it.
function toRecord(image: WireImage): ImageRecord | undefined {
  const imageId = image.labels[labels.image]
  const manifest = image.labels[labels.manifest]
  if (imageId === undefined || manifest === undefined) return undefined
  const { name, target, updatedAt } = image
  const at = name.indexOf('@')
  const kind = name.startsWith('sha256:') ? 'nameless' : at < 0 ? 'tag' : 'digest'
  const repository = kind === 'nameless' ? '' : name.slice(0, at < 0 ? name.lastIndexOf(':') : at)
  return {
    name,
    kind,
    repository,
    imageId,
    manifest,
    sizeBytes: Number(image.labels[labels.sizeBytes] ?? 0),
    target,
    updatedAt,
  }
}
