import { join } from 'node:path'
import { throwIfAborted } from '@pouch/errors'
import {
  createSubvolume,
  enableQuota,
  isSubvolume,
  qgroupUsage,
  quotaIsEnabled,
  setQgroupLimit,
  snapshotSubvolume,
} from '@pouch/quota'
import { formatBytes } from '@pouch/units'
import type {
  CreatedVolume,
  DriverCall,
  DriverSnapshot,
  DriverVolume,
  FacetName,
  JsonValue,
  SnapshotRequest,
  Usage,
} from '@pouch/volume-core/driver'
import type { Backing, BackingSnapshots, Content, LendRequest } from './backing.js'
import { copyContent } from './copy-content.js'
import { applyAccess, walkedUsage } from './directory-volumes.js'
import { foreignDirectory } from './foreign-directory.js'
import { requireRoom } from './size-limits.js'
import type { SnapshotShelf } from './snapshot-shelf.js'
import { requireData } from './tree-snapshots.js'
import { dataFolder } from './volume-directory.js'
import { planVolume } from './volume-plan.js'
import type { VolumeRoot } from './volume-root.js'

const dataMode = 0o755

/** Volumes that are subvolumes of btrfs, limited by their qgroups when they have a size. */
export class BtrfsVolumes implements Backing {
  readonly name = 'btrfs'
  readonly snapshots: BackingSnapshots
  readonly #root: VolumeRoot
  readonly #shelf: SnapshotShelf
  #isCounting = false

  constructor(root: VolumeRoot, shelf: SnapshotShelf) {
    this.#root = root
    this.#shelf = shelf
    this.snapshots = {
      create: async (volume, request, call) => await this.#snapshot(volume, request, call),
      restore: async (volume, snapshot, call) => await this.#restore(volume, snapshot, call),
    }
  }

  async create(volume: DriverVolume, call: DriverCall, content?: Content): Promise<CreatedVolume> {
    const isFound = await this.#root.has(volume.name)
    if (isFound) await this.#requireOwn(volume)
    else await this.#make(volume, call, content)
    const path = this.#root.dataOf(volume.name)
    // A volume without a size may have been made as a directory, by an older version.
    if (!(await isSubvolume(path))) return { path, isFound }
    const sizeBytes = sizeOf(volume)
    return { state: { quota: this.name }, path, isFound, ...(sizeBytes === undefined ? {} : { sizeBytes }) }
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
    const path = await requireData(this.#root, volume)
    if (!(await this.#counts())) return await walkedUsage(path, signal)
    // What was not committed yet is not counted either.
    const { referencedBytes, limitBytes } = await qgroupUsage(path, { sync: true })
    return { usedBytes: referencedBytes, source: 'counter', ...(limitBytes === undefined ? {} : { limitBytes }) }
  }

  async resize(volume: DriverVolume, sizeBytes: number, call: DriverCall): Promise<CreatedVolume> {
    throwIfAborted(call.signal, { op: 'resize', subject: volume.name })
    const path = await requireData(this.#root, volume)
    await this.#count()
    const { referencedBytes } = await qgroupUsage(path, { sync: true })
    requireRoom(volume, referencedBytes, sizeBytes)
    await setQgroupLimit(path, sizeBytes)
    return { state: { quota: this.name }, sizeBytes }
  }

  async lacks(): Promise<Readonly<Partial<Record<FacetName, string>>>> {
    return {}
  }

  async facts(volume: DriverVolume): Promise<Readonly<Record<string, JsonValue>>> {
    const path = await requireData(this.#root, volume)
    const limitBytes = (await this.#counts()) ? (await qgroupUsage(path)).limitBytes : undefined
    if (limitBytes === undefined) return { backing: this.name }
    return {
      backing: this.name,
      quota: 'qgroup (btrfs)',
      limitBytes,
      enforcement:
        'a writer over the limit gets EDQUOT, whoever it is; df in the volume shows the whole filesystem, so ask for the usage here',
    }
  }

  async lend<T>(
    volume: DriverVolume,
    source: LendRequest,
    _: DriverCall,
    use: (content: Content) => Promise<T>,
  ): Promise<T> {
    // A snapshot of a subvolume is of one moment, whoever writes.
    if (source.snapshot === undefined)
      return await use({ kind: 'subvolume', path: await requireData(this.#root, volume) })
    const folder = await this.#shelf.requireFolder(volume, source.snapshot.name)
    return await use({ kind: 'subvolume', path: join(folder, dataFolder) })
  }

  /** A size that the directory there does not hold would be no size. */
  async #requireOwn(volume: DriverVolume): Promise<void> {
    const directory = this.#root.directoryOf(volume.name)
    const path = await this.path(volume)
    if (path === undefined) throw foreignDirectory(volume.name, directory, 'what is in it is not of a volume')
    const sizeBytes = sizeOf(volume)
    if (sizeBytes === undefined) return
    const isLimited = (await isSubvolume(path)) && (await this.#counts())
    const limitBytes = isLimited ? (await qgroupUsage(path)).limitBytes : undefined
    if (limitBytes === sizeBytes) return
    const why = limitBytes === undefined ? 'it has no limit' : `its limit is ${formatBytes(limitBytes)}`
    throw foreignDirectory(volume.name, directory, why)
  }

  async #make(volume: DriverVolume, call: DriverCall, content: Content | undefined): Promise<void> {
    const plan = planVolume(volume)
    const access = plan.kind === 'sized' || plan.kind === 'directory' ? plan.access : {}
    await this.#root.place(volume.name, async (draft) => {
      const data = join(draft, dataFolder)
      if (content?.kind === 'subvolume') await snapshotSubvolume(content.path, data)
      else await createSubvolume(data)
      await this.#limit(volume, data)
      if (content !== undefined && content.kind !== 'subvolume') await copyContent(content, data, this.#root, call)
      await applyAccess(data, access, content === undefined ? dataMode : undefined)
    })
  }

  async #snapshot(volume: DriverVolume, request: SnapshotRequest, call: DriverCall): Promise<DriverSnapshot> {
    throwIfAborted(call.signal, { op: 'snapshot', subject: volume.name })
    return await this.#shelf.keep(volume, request.name, async (draft) => {
      await snapshotSubvolume(await requireData(this.#root, volume), join(draft, dataFolder), { readOnly: true })
      return { method: 'btrfs', isConsistent: true }
    })
  }

  async #restore(volume: DriverVolume, snapshot: DriverSnapshot, call: DriverCall): Promise<void> {
    throwIfAborted(call.signal, { op: 'restore', subject: volume.name })
    const folder = await this.#shelf.requireFolder(volume, snapshot.name)
    this.#root.refuseMounts(this.#root.directoryOf(volume.name))
    await this.#root.drafted(async (draft) => {
      const data = join(draft, dataFolder)
      await snapshotSubvolume(join(folder, dataFolder), data)
      await this.#limit(volume, data)
      await this.#root.replaceData(volume.name, data)
    })
  }

  async #limit(volume: DriverVolume, data: string): Promise<void> {
    const sizeBytes = sizeOf(volume)
    if (sizeBytes === undefined) return
    await this.#count()
    await setQgroupLimit(data, sizeBytes)
    const { referencedBytes } = await qgroupUsage(data, { sync: true })
    requireRoom(volume, referencedBytes, sizeBytes)
  }

  async #counts(): Promise<boolean> {
    this.#isCounting ||= await quotaIsEnabled(this.#root.path)
    return this.#isCounting
  }

  /** Quota is the whole filesystem's, and makes it slower: it is turned on by the first volume that has a size. */
  async #count(): Promise<void> {
    if (await this.#counts()) return
    await enableQuota(this.#root.path)
    this.#isCounting = true
  }
}

function sizeOf(volume: DriverVolume): number | undefined {
  if (volume.sizeBytes !== undefined) return volume.sizeBytes
  const plan = planVolume(volume)
  return plan.kind === 'sized' ? plan.sizeBytes : undefined
}
