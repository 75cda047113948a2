import { deleteSubvolume, isSubvolume, removeStaleQgroups } from '@pouch/quota'
import type { DriverHost, DriverVolume, JsonValue } from '@pouch/volume-core/driver'
import { AdoptedVolumes } from './adopted-volumes.js'
import type { Backing } from './backing.js'
import { BtrfsVolumes } from './btrfs-volumes.js'
import { hasDevice } from './device-settings.js'
import { DeviceVolumes } from './device-volumes.js'
import { DirectoryVolumes } from './directory-volumes.js'
import { LoopVolumes } from './loop-volumes.js'
import { ProjectIds } from './project-ids.js'
import { ProjectVolumes } from './project-volumes.js'
import { hasQuota, inspectQuotaSupport, type QuotaSupport, type QuotaWish, requireQuota } from './quota-support.js'
import { SnapshotShelf } from './snapshot-shelf.js'
import type { QuotaBackend } from './volume-plan.js'
import { VolumeRoot } from './volume-root.js'

interface Parts {
  readonly root: VolumeRoot
  readonly shelf: SnapshotShelf
  readonly support: QuotaSupport
  readonly ids: ProjectIds
  readonly host: DriverHost
}

/** What volumes can be made of here, and what each is made of. */
export class Backings {
  readonly root: VolumeRoot
  readonly shelf: SnapshotShelf
  readonly support: QuotaSupport
  readonly ids: ProjectIds
  readonly #directory: DirectoryVolumes
  readonly #adopted: AdoptedVolumes
  readonly #device: DeviceVolumes
  readonly #limited: Readonly<Record<QuotaBackend, Backing>>

  private constructor({ root, shelf, support, ids, host }: Parts) {
    this.root = root
    this.shelf = shelf
    this.support = support
    this.ids = ids
    this.#directory = new DirectoryVolumes(root, shelf)
    this.#adopted = new AdoptedVolumes(root, host.state)
    this.#device = new DeviceVolumes(root)
    this.#limited = Object.freeze({
      project: new ProjectVolumes(root, shelf, ids, support.filesystem),
      btrfs: new BtrfsVolumes(root, shelf),
      loop: new LoopVolumes(root, shelf),
    })
  }

  /** Looks what the filesystem of the root can do, and finishes what a crash left. */
  static async open(path: string, host: DriverHost): Promise<Backings> {
    const support = await inspectQuotaSupport(path)
    const subvolumes = support.usesSubvolumes ? { isSubvolume, delete: deleteSubvolume } : undefined
    if (subvolumes !== undefined) await removeStaleQgroups(path)
    const root = await VolumeRoot.open(path, host, subvolumes)
    const ids = await ProjectIds.open(path, host, support.reasons.project === undefined)
    await LoopVolumes.recover(path, host.log)
    return new Backings({ root, shelf: new SnapshotShelf(root), support, ids, host })
  }

  /** @throws PouchError `unsupported` when a size cannot be enforced */
  forNew(volume: DriverVolume): Backing {
    const backing = this.of(volume)
    return backing === this.#directory && this.support.usesSubvolumes ? this.#limited.btrfs : backing
  }

  /** @throws PouchError `unsupported` when a size cannot be enforced, of a volume that was not made yet */
  of(volume: DriverVolume): Backing {
    const { options, state } = volume
    if (typeof options.mount === 'string') return this.#adopted
    if (hasDevice(options)) return this.#device
    const quota = quotaIn(state)
    if (quota !== undefined) return this.#limited[quota]
    return isSized(volume) ? this.#limited[requireQuota(this.support, wishOf(volume))] : this.#directory
  }

  /** A volume that could not be made can be removed all the same. */
  toRemove(volume: DriverVolume): Backing {
    const isUndecided = isSized(volume) && quotaIn(volume.state) === undefined && !hasDevice(volume.options)
    if (!isUndecided || typeof volume.options.mount === 'string') return this.of(volume)
    return hasQuota(this.support, wishOf(volume)) ? this.of(volume) : this.#directory
  }

  /** Whether a volume is mounted at its first use. */
  isMounting(volume: DriverVolume): boolean {
    return this.toRemove(volume).mounting !== undefined
  }

  /** Waits for the deletions. */
  async close(): Promise<void> {
    await this.root.close()
  }
}

function wishOf({ options }: DriverVolume): QuotaWish {
  const { quota, inodes, fs } = options
  return { quota: chosenIn(quota), limitsFiles: inodes !== undefined, ownFilesystem: fs !== undefined }
}

function isSized({ options }: DriverVolume): boolean {
  const { size, inodes, quota } = options
  return size !== undefined || inodes !== undefined || chosenIn(quota) !== undefined
}

function quotaIn(state: JsonValue | undefined): QuotaBackend | undefined {
  return typeof state === 'object' && state !== null && 'quota' in state ? chosenIn(state.quota) : undefined
}

function chosenIn(quota: unknown): QuotaBackend | undefined {
  return quota === 'project' || quota === 'btrfs' || quota === 'loop' ? quota : undefined
}
