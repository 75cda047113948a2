import { mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { throwIfAborted } from '@pouch/errors'
import { copyTree } from '@pouch/file-tree'
import { inspectImage } from '@pouch/quota'
import type { DriverCall, DriverSnapshot, DriverVolume, SnapshotRequest } from '@pouch/volume-core/driver'
import type { BackingSnapshots, Content, LendRequest } from './backing.js'
import { treeCall } from './copy-content.js'
import { frozen } from './frozen.js'
import { syncFile } from './image-mount.js'
import { imageFile, imageFolder } from './image-place.js'
import { fitImage } from './image-size.js'
import type { Capture, SnapshotShelf } from './snapshot-shelf.js'
import type { VolumeRoot } from './volume-root.js'

/** Snapshots of volumes that are images: copies of the image, with those who write held meanwhile. */
export class ImageSnapshots implements BackingSnapshots {
  readonly #root: VolumeRoot
  readonly #shelf: SnapshotShelf
  readonly #mountPointOf: (volume: DriverVolume) => Promise<string | undefined>

  constructor(
    root: VolumeRoot,
    shelf: SnapshotShelf,
    mountPointOf: (volume: DriverVolume) => Promise<string | undefined>,
  ) {
    this.#root = root
    this.#shelf = shelf
    this.#mountPointOf = mountPointOf
  }

  async create(volume: DriverVolume, request: SnapshotRequest, call: DriverCall): Promise<DriverSnapshot> {
    throwIfAborted(call.signal, { op: 'snapshot', subject: volume.name })
    return await this.#shelf.keep(volume, request.name, async (draft) => await this.#capture(volume, draft, call))
  }

  /** The image changes in one step, so that a crash leaves the one or the other. */
  async restore(volume: DriverVolume, snapshot: DriverSnapshot, call: DriverCall): Promise<void> {
    throwIfAborted(call.signal, { op: 'restore', subject: volume.name })
    const folder = await this.#shelf.requireFolder(volume, snapshot.name)
    this.#root.refuseMounts(this.#root.directoryOf(volume.name))
    const image = imageFile(this.#root, volume.name)
    const before = await inspectImage(image)
    await this.#root.drafted(async (draft) => {
      await mkdir(join(draft, imageFolder), { mode: 0o700 })
      const file = imageFile(draft)
      await copyTree(join(folder, imageFolder), dirname(file), treeCall(volume.name, call))
      const { usedBytes } = await inspectImage(file)
      const sizeBytes = volume.sizeBytes ?? before.sizeBytes
      await fitImage({ volume, file, sizeBytes, usedBytes, mountPoint: undefined }, call)
      await syncFile(file)
      await rename(file, image)
      await syncFile(dirname(image))
    })
  }

  async lend<T>(
    volume: DriverVolume,
    source: LendRequest,
    call: DriverCall,
    use: (content: Content) => Promise<T>,
  ): Promise<T> {
    const lent = async (file: string, isSnapshot: boolean) => {
      const { filesystem } = await inspectImage(file)
      return await use({ kind: 'image', file, filesystem, isSnapshot })
    }
    if (source.snapshot !== undefined) {
      return await lent(imageFile(await this.#shelf.requireFolder(volume, source.snapshot.name)), true)
    }
    if ((await this.#mountPointOf(volume)) === undefined) return await lent(imageFile(this.#root, volume.name), false)
    return await this.#root.drafted(async (draft) => {
      await this.#capture(volume, draft, call)
      return await lent(imageFile(draft), true)
    })
  }

  /** A volume that is mounted is frozen for it: its filesystem is its own, and nobody else waits. */
  async #capture(volume: DriverVolume, draft: string, call: DriverCall): Promise<Capture> {
    await mkdir(join(draft, imageFolder), { mode: 0o700 })
    const copy = async (signal: AbortSignal) =>
      await copyTree(
        dirname(imageFile(this.#root, volume.name)),
        join(draft, imageFolder),
        treeCall(volume.name, { ...call, signal }),
      )
    const mountPoint = await this.#mountPointOf(volume)
    const { method } = mountPoint === undefined ? await copy(call.signal) : await frozen(mountPoint, call, copy)
    return { method: `image ${method}`, isConsistent: true }
  }
}
