import { randomUUID } from 'node:crypto'
import type { Descriptor } from '@pouch/ctrd-client'
import { hasCode, PouchError } from '@pouch/errors'
import { chainIds } from './chain-id.js'
import type { ImageContext, ImageWork } from './image-work.js'
import { KeyedLock } from './keyed-lock.js'

/** A layer: what is stored, and what it must be when uncompressed. */
export interface Layer {
  readonly descriptor: Descriptor
  readonly diffId: string
}

/** Told before and after a layer is put on the ones below it. */
export type LayerListener = (layer: Layer, state: 'existed' | 'started' | 'done') => void

/**
 * Makes snapshots of layers. A snapshot is named by its chain id, so that images share what they have in common and the
 * same chain is never made twice, however many pulls and loads ask for it at once.
 */
export class Unpacker {
  readonly #context: ImageContext
  readonly #locks = new KeyedLock()

  constructor(context: ImageContext) {
    this.#context = context
  }

  /**
   * Unpacks the layers that are not yet.
   *
   * @param ready awaited before a layer is touched: its download
   * @returns the chain id of the whole; empty for no layers
   * @throws PouchError `corrupt` when a layer is not what the configuration says
   */
  async unpack(
    work: ImageWork,
    layers: readonly Layer[],
    listener?: LayerListener,
    ready?: (index: number) => Promise<void>,
  ): Promise<string> {
    const chain = chainIds(layers.map((each) => each.diffId))
    for (const [index, layer] of layers.entries()) {
      await ready?.(index)
      await this.#unpackLayer(work, layer, chain[index - 1] ?? '', chain[index] ?? '', listener)
    }
    return chain.at(-1) ?? ''
  }

  /** The size of the unpacked layers of a chain together, and of each, lowest first. */
  async sizes(diffIds: readonly string[], signal?: AbortSignal): Promise<number[]> {
    const snapshots = this.#context.containerd.snapshots(this.#context.snapshotter)
    const call = signal === undefined ? {} : { signal }
    const usages = await Promise.all(chainIds(diffIds).map((key) => snapshots.usage(key, call)))
    return usages.map((each) => each.sizeBytes)
  }

  async #unpackLayer(
    work: ImageWork,
    layer: Layer,
    parent: string,
    chainId: string,
    listener?: LayerListener,
  ): Promise<void> {
    await this.#locks.run(chainId, work.signal, async () => {
      if (await work.holdSnapshot(chainId)) {
        listener?.(layer, 'existed')
        return
      }
      listener?.(layer, 'started')
      await this.#apply(work, layer, parent, chainId)
      listener?.(layer, 'done')
    })
  }

  async #apply(work: ImageWork, layer: Layer, parent: string, chainId: string): Promise<void> {
    const { containerd, snapshotter } = this.#context
    const snapshots = containerd.snapshots(snapshotter)
    const key = `pouch-unpack-${randomUUID()} ${chainId}`
    const options = { labels: work.ownLabels }
    const mounts = await snapshots.prepare(key, parent, options, work.call)
    try {
      const applied = await containerd.diffs.apply(layer.descriptor, mounts, {}, work.call)
      checkDiffId(layer, applied.digest)
      await snapshots.commit(chainId, key, options, work.call)
    } catch (error) {
      await this.#discard(key)
      if (!hasCode(error, 'already-exists')) throw failedLayer(error, layer)
      await work.holdSnapshot(chainId)
    }
  }

  async #discard(key: string): Promise<void> {
    try {
      await this.#context.containerd.snapshots(this.#context.snapshotter).remove(key)
    } catch (error) {
      if (!hasCode(error, 'not-found'))
        this.#context.log.warn({ err: error, key }, 'an unfinished snapshot stays until its lease ends')
    }
  }
}

function checkDiffId(layer: Layer, actual: string): void {
  if (actual === layer.diffId) return
  throw new PouchError(
    'corrupt',
    `the layer ${layer.descriptor.digest} unpacks to ${actual}, but the image's configuration says ${layer.diffId}`,
    { op: 'image.unpack', subject: layer.descriptor.digest },
  )
}

function failedLayer(error: unknown, layer: Layer): PouchError {
  const failure = PouchError.from(error)
  if (failure.op === 'image.unpack' || failure.code === 'aborted' || failure.code === 'timeout') return failure
  return new PouchError(
    failure.code,
    `the layer ${layer.descriptor.digest} could not be unpacked: ${failure.message}`,
    {
      op: 'image.unpack',
      subject: layer.descriptor.digest,
      cause: error,
    },
  )
}
