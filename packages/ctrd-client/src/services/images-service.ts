import { undefinedIfAbsent } from '../absent.js'
import type { Call } from '../call.js'
import { type Descriptor, fromWireDescriptor, toWireDescriptor } from '../descriptor.js'
import { type Image as WireImage, ImagesService as wire } from '../gen/images.js'
import { present } from '../present.js'
import type { ServiceContext } from '../service-context.js'
import { toRfc3339 } from '../timestamp.js'

/** A name for a blob: of a manifest or an index. It keeps that blob, and what its labels refer to, from the collector. */
export interface Image {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly target: Descriptor
  /** RFC 3339. */
  readonly createdAt?: string | undefined
  /** RFC 3339. */
  readonly updatedAt?: string | undefined
}

/** What `images.create` takes. */
export interface NewImage {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly target: Descriptor
}

/** The names of images. */
export class ImagesService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /** One image; undefined when there is none of this name. */
  async get(name: string, call?: Call): Promise<Image | undefined> {
    const what = { op: 'images.get', doing: 'look up the image', subject: name }
    const answer = await undefinedIfAbsent(this.#context.unary(wire.get, { name }, what, call))
    return answer && fromWire(present(answer.image, 'image'))
  }

  /** The images that match any of the filters (containerd's filter language), or all. */
  async list(filters: readonly string[] = [], call?: Call): Promise<Image[]> {
    const what = { op: 'images.list', doing: 'list the images' }
    const answer = await this.#context.unary(wire.list, { filters: [...filters] }, what, call)
    return (answer.images ?? []).map(fromWire)
  }

  /** @throws PouchError `already-exists`; `invalid-argument` */
  async create(image: NewImage, call?: Call): Promise<Image> {
    const what = { op: 'images.create', doing: 'create the image', subject: image.name }
    const answer = await this.#context.unary(wire.create, { image: toWire(image) }, what, call)
    return fromWire(present(answer.image, 'image'))
  }

  /**
   * Replaces labels and target, or only what `fieldPaths` names (`labels`, `labels.x`, `target`).
   *
   * @throws PouchError `not-found`
   */
  async update(image: NewImage, fieldPaths: readonly string[] = [], call?: Call): Promise<Image> {
    const what = { op: 'images.update', doing: 'update the image', subject: image.name }
    const request = { image: toWire(image), updateMask: [...fieldPaths] }
    const answer = await this.#context.unary(wire.update, request, what, call)
    return fromWire(present(answer.image, 'image'))
  }

  /**
   * Deletes the name.
   *
   * @param options `sync` waits until the collector has taken what only this name held
   * @throws PouchError `not-found`
   */
  async delete(name: string, options: { readonly sync?: boolean | undefined } = {}, call?: Call): Promise<void> {
    const what = { op: 'images.delete', doing: 'delete the image', subject: name }
    const sync = options.sync ?? false
    await this.#context.unary(wire.delete, { name, sync }, what, call, sync ? 'none' : 'client')
  }
}

function fromWire(image: WireImage): Image {
  return {
    name: image.name ?? '',
    labels: image.labels ?? {},
    target: fromWireDescriptor(image.target),
    createdAt: toRfc3339(image.createdAt),
    updatedAt: toRfc3339(image.updatedAt),
  }
}

function toWire(image: NewImage): WireImage {
  return { name: image.name, labels: { ...image.labels }, target: toWireDescriptor(image.target) }
}
