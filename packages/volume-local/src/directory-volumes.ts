import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { measureTree } from '@pouch/file-tree'
import type { CreatedVolume, DriverCall, DriverVolume, FacetName, JsonValue, Usage } from '@pouch/volume-core/driver'
import type { Backing, BackingSnapshots, Content, LendRequest } from './backing.js'
import { copyContent } from './copy-content.js'
import type { SnapshotShelf } from './snapshot-shelf.js'
import { lendTree, TreeSnapshots } from './tree-snapshots.js'
import { type DirectoryAccess, dataFolder, makeVolumeDirectory } from './volume-directory.js'
import { planVolume } from './volume-plan.js'
import type { VolumeRoot } from './volume-root.js'

/** Volumes that are directories without a limit. */
export class DirectoryVolumes implements Backing {
  readonly name = 'directory'
  readonly snapshots: BackingSnapshots
  readonly #root: VolumeRoot
  readonly #shelf: SnapshotShelf

  constructor(root: VolumeRoot, shelf: SnapshotShelf) {
    this.#root = root
    this.#shelf = shelf
    this.snapshots = new TreeSnapshots(root, shelf, async (_, data) => void (await mkdir(data)))
  }

  async create(volume: DriverVolume, call: DriverCall, content?: Content): Promise<CreatedVolume | undefined> {
    const plan = planVolume(volume)
    const access = plan.kind === 'directory' ? plan.access : {}
    this.#root.directoryOf(volume.name)
    if (content === undefined) return await makeVolumeDirectory(this.#root.path, volume.name, access)
    if (await this.#root.has(volume.name)) return { isFound: true }
    await this.#root.place(volume.name, async (draft) => {
      const data = join(draft, dataFolder)
      await mkdir(data)
      await copyContent(content, data, this.#root, call)
      await applyAccess(data, access)
    })
    return undefined
  }

  async remove(volume: DriverVolume): Promise<void> {
    await this.#root.remove(volume.name)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    return this.#root.pathOf(volume.name)
  }

  async rename(volume: DriverVolume, newName: string): Promise<void> {
    await this.#root.rename(volume.name, newName)
  }

  async measure(volume: DriverVolume, { signal }: DriverCall): Promise<Usage> {
    return await walkedUsage(this.#root.dataOf(volume.name), signal)
  }

  async lacks(): Promise<Readonly<Partial<Record<FacetName, string>>>> {
    return {
      resizing:
        'it was made without a size, and its files belong to no quota; ' +
        'make a volume with size=, and clone this one into it',
    }
  }

  async facts(): Promise<Readonly<Record<string, JsonValue>>> {
    return { backing: this.name }
  }

  async lend<T>(
    volume: DriverVolume,
    source: LendRequest,
    _: DriverCall,
    use: (content: Content) => Promise<T>,
  ): Promise<T> {
    return await lendTree(this.#root, this.#shelf, volume, source, use)
  }
}

/** Sets owner and permissions of a directory that is made; what is not given stays. */
export async function applyAccess(
  path: string,
  { uid, gid, mode }: DirectoryAccess,
  defaultMode?: number,
): Promise<void> {
  if (uid !== undefined || gid !== undefined) await chown(path, uid ?? -1, gid ?? -1)
  const wanted = mode ?? defaultMode
  if (wanted !== undefined) await chmod(path, wanted)
}

/** What a directory takes up, file by file. */
export async function walkedUsage(path: string, signal: AbortSignal): Promise<Usage> {
  const { apparentBytes, inodes } = await measureTree(path, { signal })
  return { usedBytes: apparentBytes, usedInodes: inodes, source: 'walk' }
}
