import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import { copyTree } from '@pouch/file-tree'
import type { DriverCall, DriverSnapshot, DriverVolume, SnapshotRequest } from '@pouch/volume-core/driver'
import type { BackingSnapshots, Content, LendRequest } from './backing.js'
import { treeCall } from './copy-content.js'
import { requireAtRest, type SnapshotShelf } from './snapshot-shelf.js'
import { dataFolder } from './volume-directory.js'
import type { VolumeRoot } from './volume-root.js'

/** Makes the directory that a volume's data is restored into. */
export type DataMaker = (volume: DriverVolume, data: string) => Promise<void>

/** Snapshots of volumes that are directories: copies, whose files share their blocks where the filesystem can. */
export class TreeSnapshots implements BackingSnapshots {
  readonly #root: VolumeRoot
  readonly #shelf: SnapshotShelf
  readonly #makeData: DataMaker

  constructor(root: VolumeRoot, shelf: SnapshotShelf, makeData: DataMaker) {
    this.#root = root
    this.#shelf = shelf
    this.#makeData = makeData
  }

  async create(volume: DriverVolume, request: SnapshotRequest, call: DriverCall): Promise<DriverSnapshot> {
    throwIfAborted(call.signal, { op: 'snapshot', subject: volume.name })
    return await this.#shelf.keep(volume, request.name, async (draft) => {
      requireAtRest(volume, request)
      const path = await requireData(this.#root, volume)
      const copy = join(draft, dataFolder)
      await mkdir(copy, { mode: 0o700 })
      const { method } = await copyTree(path, copy, treeCall(volume.name, call))
      return { method, isConsistent: !request.isMounted }
    })
  }

  async restore(volume: DriverVolume, snapshot: DriverSnapshot, call: DriverCall): Promise<void> {
    throwIfAborted(call.signal, { op: 'restore', subject: volume.name })
    const folder = await this.#shelf.requireFolder(volume, snapshot.name)
    this.#root.refuseMounts(this.#root.directoryOf(volume.name))
    await this.#root.drafted(async (draft) => {
      const data = join(draft, dataFolder)
      await this.#makeData(volume, data)
      await copyTree(join(folder, dataFolder), data, treeCall(volume.name, call))
      await this.#root.replaceData(volume.name, data)
    })
  }
}

/** Lends a volume that is a directory, or a snapshot of it. */
export async function lendTree<T>(
  root: VolumeRoot,
  shelf: SnapshotShelf,
  volume: DriverVolume,
  source: LendRequest,
  use: (content: Content) => Promise<T>,
): Promise<T> {
  if (source.snapshot !== undefined) {
    const folder = await shelf.requireFolder(volume, source.snapshot.name)
    return await use({ kind: 'tree', path: join(folder, dataFolder) })
  }
  requireAtRest(volume, source)
  return await use({ kind: 'tree', path: await requireData(root, volume) })
}

/** Where a volume's data is. @throws PouchError `not-found` */
export async function requireData(root: VolumeRoot, volume: DriverVolume): Promise<string> {
  const path = root.pathOf(volume.name)
  if (path !== undefined) return path
  throw new PouchError('not-found', `the directory of the volume ${volume.name} is gone: ${root.dataOf(volume.name)}`, {
    op: 'local',
    subject: volume.name,
  })
}
