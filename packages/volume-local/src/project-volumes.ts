import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, PouchError } from '@pouch/errors'
import { assignProject, projectUsage, setProjectLimit } from '@pouch/quota'
import type { CreatedVolume, DriverCall, DriverVolume, FacetName, JsonValue, Usage } from '@pouch/volume-core/driver'
import type { Backing, BackingSnapshots, Content, LendRequest } from './backing.js'
import { copyContent } from './copy-content.js'
import { applyAccess } from './directory-volumes.js'
import { foreignDirectory } from './foreign-directory.js'
import type { ProjectIds } from './project-ids.js'
import { requireRoom } from './size-limits.js'
import type { SnapshotShelf } from './snapshot-shelf.js'
import { lendTree, requireData, TreeSnapshots } from './tree-snapshots.js'
import { dataFolder, isDirectory } from './volume-directory.js'
import { planVolume } from './volume-plan.js'
import type { VolumeRoot } from './volume-root.js'

const dataMode = 0o755
const enforcementOfExt4 =
  'a writer over the limit gets EDQUOT; one with CAP_SYS_RESOURCE (a privileged container, root outside of containers) passes it'
const enforcementOfXfs = 'a writer over the limit gets ENOSPC, whoever it is'

/** Volumes that are directories with a project quota, on ext4 or xfs. */
export class ProjectVolumes implements Backing {
  readonly name = 'project'
  readonly snapshots: BackingSnapshots
  readonly #root: VolumeRoot
  readonly #shelf: SnapshotShelf
  readonly #ids: ProjectIds
  readonly #filesystem: string

  constructor(root: VolumeRoot, shelf: SnapshotShelf, ids: ProjectIds, filesystem: string) {
    this.#root = root
    this.#shelf = shelf
    this.#ids = ids
    this.#filesystem = filesystem
    const trees = new TreeSnapshots(root, shelf, async (volume, data) => void (await this.#makeData(volume, data)))
    this.snapshots = {
      create: trees.create.bind(trees),
      restore: async (volume, snapshot, call) => {
        try {
          await trees.restore(volume, snapshot, call)
        } finally {
          await this.#releaseUnused(volume)
        }
      },
    }
  }

  async create(volume: DriverVolume, call: DriverCall, content?: Content): Promise<CreatedVolume> {
    const isFound = await this.#root.has(volume.name)
    if (isFound) await this.#requireOwn(volume)
    else await this.#make(volume, call, content)
    await this.#requireId(volume)
    return { ...created(volume, this.#root.dataOf(volume.name)), isFound }
  }

  async remove(volume: DriverVolume): Promise<void> {
    await this.#root.remove(volume.name)
    await this.#ids.releaseOthers(volume.name)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    return this.#root.pathOf(volume.name)
  }

  async rename(volume: DriverVolume, newName: string): Promise<void> {
    // An id that was noted for the name of somebody's directory would be given back with that.
    await this.#root.requireRenamable(volume.name, newName)
    await this.#ids.rename(volume.name, newName, false)
    await this.#root.rename(volume.name, newName)
    await this.#ids.rename(volume.name, newName, true)
  }

  async measure(volume: DriverVolume): Promise<Usage> {
    const usage = await projectUsage(this.#root.path, await this.#requireId(volume))
    return Object.freeze({
      usedBytes: usage.usedBytes,
      usedInodes: usage.usedInodes,
      ...(usage.limitBytes === undefined ? {} : { limitBytes: usage.limitBytes }),
      ...(usage.limitInodes === undefined ? {} : { limitInodes: usage.limitInodes }),
      source: 'counter',
    })
  }

  async resize(volume: DriverVolume, sizeBytes: number, call: DriverCall): Promise<CreatedVolume> {
    const { usedBytes } = await this.measure(volume)
    requireRoom(volume, usedBytes, sizeBytes)
    call.signal.throwIfAborted()
    await setProjectLimit(this.#root.path, await this.#requireId(volume), { bytes: sizeBytes })
    return { state: { quota: this.name }, sizeBytes }
  }

  async lacks(): Promise<Readonly<Partial<Record<FacetName, string>>>> {
    return {}
  }

  async facts(volume: DriverVolume): Promise<Readonly<Record<string, JsonValue>>> {
    const quota = { backing: this.name, quota: `project (${this.#filesystem})` }
    try {
      const { limitBytes, limitInodes } = await this.measure(volume)
      return {
        ...quota,
        projectId: await this.#requireId(volume),
        ...(limitBytes === undefined ? {} : { limitBytes }),
        ...(limitInodes === undefined ? {} : { limitInodes }),
        enforcement: this.#filesystem === 'ext4' ? enforcementOfExt4 : enforcementOfXfs,
      }
    } catch (error) {
      if (!hasCode(error, 'unsupported') && !hasCode(error, 'conflict')) throw error
      return { ...quota, enforcement: `it does not hold now: ${error.message}` }
    }
  }

  async lend<T>(
    volume: DriverVolume,
    source: LendRequest,
    _: DriverCall,
    use: (content: Content) => Promise<T>,
  ): Promise<T> {
    return await lendTree(this.#root, this.#shelf, volume, source, use)
  }

  async #make(volume: DriverVolume, call: DriverCall, content: Content | undefined): Promise<void> {
    try {
      await this.#root.place(volume.name, async (draft) => {
        const data = join(draft, dataFolder)
        await this.#makeData(volume, data)
        if (content !== undefined) await copyContent(content, data, this.#root, call)
        const plan = planVolume(volume)
        const access = plan.kind === 'sized' ? plan.access : {}
        await applyAccess(data, access, content === undefined ? dataMode : undefined)
      })
    } finally {
      await this.#releaseUnused(volume)
    }
  }

  /** An empty directory with an id and the volume's limits. */
  async #makeData(volume: DriverVolume, data: string): Promise<void> {
    const plan = planVolume(volume)
    const id = await this.#ids.reserve(volume.name)
    await mkdir(data)
    await assignProject(data, id)
    const inodes = plan.kind === 'sized' ? plan.inodes : undefined
    await setProjectLimit(this.#root.path, id, { bytes: sizeOf(volume), inodes })
  }

  async #releaseUnused(volume: DriverVolume): Promise<void> {
    const data = this.#root.dataOf(volume.name)
    const kept = (await isDirectory(data)) ? await this.#ids.idOf(volume.name, data) : undefined
    await this.#ids.releaseOthers(volume.name, kept)
  }

  /** @throws PouchError `conflict` when the directory is not in a project that it was given */
  async #requireOwn(volume: DriverVolume): Promise<void> {
    try {
      await this.#requireId(volume)
    } catch (cause) {
      const why = 'its data is in no project of this volume'
      throw foreignDirectory(volume.name, this.#root.directoryOf(volume.name), why, cause)
    }
  }

  async #requireId(volume: DriverVolume): Promise<number> {
    const data = await requireData(this.#root, volume)
    const id = await this.#ids.idOf(volume.name, data)
    if (id !== undefined) return id
    const message = `its directory ${data} is not in the project that it was given, so that its size is not enforced; copy what is in it into a new volume`
    throw new PouchError('conflict', message, { op: 'local', subject: volume.name })
  }
}

function created(volume: DriverVolume, path: string): CreatedVolume {
  const sizeBytes = sizeOf(volume)
  return { state: { quota: 'project' }, path, ...(sizeBytes === undefined ? {} : { sizeBytes }) }
}

/** What it was brought to, else what its options say. */
function sizeOf(volume: DriverVolume): number | undefined {
  const plan = planVolume(volume)
  return volume.sizeBytes ?? (plan.kind === 'sized' ? plan.sizeBytes : undefined)
}
