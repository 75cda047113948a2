import { type Any, toWireAny } from '../any.js'
import type { Call } from '../call.js'
import { type Descriptor, fromWireDescriptor, toWireDescriptor } from '../descriptor.js'
import { DiffService as wire } from '../gen/diff.js'
import { type Mount, toWireMount } from '../mount.js'
import { present } from '../present.js'
import type { ServiceContext } from '../service-context.js'

/** Settings of `diffs.apply`. */
export interface ApplyOptions {
  /** Keys for stream processors, such as those of encrypted layers. */
  readonly payloads?: Readonly<Record<string, Any>> | undefined
}

/** Settings of `diffs.diff`. */
export interface DiffOptions {
  /** `application/vnd.oci.image.layer.v1.tar+gzip` by default. */
  readonly mediaType?: string | undefined
  /** The ingest that the layer is written under. */
  readonly ref?: string | undefined
  /** Labels for the blob. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** Layers to file systems and back. Both ways take as long as the layer is large, so neither has a default deadline. */
export class DiffService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /**
   * Unpacks a layer of the content store onto mounts.
   *
   * @returns the uncompressed layer; its digest is the diffID
   * @throws PouchError `not-found` for the blob; `unsupported` for its media type
   */
  async apply(
    layer: Descriptor,
    mounts: readonly Mount[],
    options: ApplyOptions = {},
    call?: Call,
  ): Promise<Descriptor> {
    const name = { op: 'diffs.apply', doing: 'unpack the layer', subject: layer.digest }
    const entries = Object.entries(options.payloads ?? {}).map(([key, any]) => [key, toWireAny(any)])
    const payloads = Object.fromEntries(entries)
    const request = { diff: toWireDescriptor(layer), mounts: mounts.map(toWireMount), payloads }
    const answer = await this.#context.unary(wire.apply, request, name, call, 'none')
    return fromWireDescriptor(present(answer.applied, 'descriptor of the unpacked layer'))
  }

  /**
   * Writes what `right` has changed over `left` into the content store, as a layer.
   *
   * @returns the layer
   */
  async diff(
    left: readonly Mount[],
    right: readonly Mount[],
    options: DiffOptions = {},
    call?: Call,
  ): Promise<Descriptor> {
    const name = { op: 'diffs.diff', doing: 'write the difference as a layer', subject: options.ref }
    const request = {
      left: left.map(toWireMount),
      right: right.map(toWireMount),
      mediaType: options.mediaType ?? 'application/vnd.oci.image.layer.v1.tar+gzip',
      ref: options.ref ?? '',
      labels: { ...options.labels },
    }
    const answer = await this.#context.unary(wire.diff, request, name, call, 'none')
    return fromWireDescriptor(present(answer.diff, 'descriptor of the layer'))
  }
}
