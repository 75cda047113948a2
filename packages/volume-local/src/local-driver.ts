import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import { makeDirectories } from '@pouch/file-tree'
import type {
  CloneFacet,
  CloneRequest,
  CreatedVolume,
  Driver,
  DriverCall,
  DriverHost,
  DriverTraits,
  DriverVolume,
  FacetName,
  HealthFacet,
  MountFacet,
  RenameFacet,
  ResizeFacet,
  SnapshotFacet,
  UsageFacet,
  VolumeDescription,
} from '@pouch/volume-core/driver'
import type { Backing } from './backing.js'
import { Backings } from './backings.js'
import { checkHealth } from './local-health.js'

/** The local driver, open. What a volume is made of decides what a call does; see {@link Backings}. */
export class LocalDriver implements Driver {
  readonly name = 'local'
  readonly traits: DriverTraits = Object.freeze({
    scope: 'local',
    durable: true,
    accessModes: Object.freeze(['single-node-writer'] as const),
  })
  readonly mounts: MountFacet
  readonly resizing: ResizeFacet
  readonly snapshots: SnapshotFacet
  readonly cloning: CloneFacet
  readonly renaming: RenameFacet
  readonly usage: UsageFacet
  readonly health: HealthFacet

  readonly #backings: Backings

  private constructor(backings: Backings) {
    this.#backings = backings
    this.mounts = Object.freeze(mountFacet(backings))
    this.resizing = Object.freeze({
      resize: async (volume: DriverVolume, sizeBytes: number, call: DriverCall) => {
        throwIfAborted(call.signal, { op: 'resize', subject: volume.name })
        const backing = await this.#with('resizing', volume)
        if (backing.resize === undefined) throw lacking('resizing', volume, undefined)
        return await backing.resize(volume, sizeBytes, call)
      },
    })
    this.snapshots = Object.freeze(this.#snapshotFacet())
    this.cloning = Object.freeze({
      clone: async (volume: DriverVolume, request: CloneRequest, call: DriverCall) =>
        await this.#clone(volume, request, call),
    })
    this.renaming = Object.freeze({
      rename: async (volume: DriverVolume, newName: string, call: DriverCall) => {
        throwIfAborted(call.signal, { op: 'rename', subject: volume.name })
        backings.root.directoryOf(newName)
        await backings.of(volume).rename(volume, newName, call)
        return undefined
      },
    })
    this.usage = Object.freeze({
      measure: async (volume: DriverVolume, call: DriverCall) => await backings.of(volume).measure(volume, call),
    })
    this.health = Object.freeze({ check: async () => await checkHealth(backings) })
  }

  /** Makes the root where it is absent, looks what its filesystem can do, and finishes what a crash left. */
  static async open(root: string | undefined, host: DriverHost): Promise<LocalDriver> {
    const wanted = root ?? join(host.home, 'volume')
    await makeDirectories(wanted, 0o701)
    return new LocalDriver(await Backings.open(await realpath(wanted), host))
  }

  async create(volume: DriverVolume, call: DriverCall): Promise<CreatedVolume | undefined> {
    throwIfAborted(call.signal, { op: 'create', subject: volume.name })
    return await this.#backings.forNew(volume).create(volume, call)
  }

  async remove(volume: DriverVolume, call: DriverCall): Promise<void> {
    throwIfAborted(call.signal, { op: 'remove', subject: volume.name })
    await this.#backings.toRemove(volume).remove(volume, call)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    return await this.#backings.of(volume).path(volume)
  }

  async describe(volume: DriverVolume): Promise<VolumeDescription> {
    const backing = this.#backings.of(volume)
    return { without: await backing.lacks(volume), facts: await backing.facts(volume) }
  }

  async close(): Promise<void> {
    await this.#backings.close()
  }

  #snapshotFacet(): SnapshotFacet {
    const { shelf } = this.#backings
    const snapshotsOf = async (volume: DriverVolume) => {
      const { snapshots } = await this.#with('snapshots', volume)
      if (snapshots === undefined) throw lacking('snapshots', volume, undefined)
      return snapshots
    }
    return {
      create: async (volume, request, call) => await (await snapshotsOf(volume)).create(volume, request, call),
      remove: async (volume, { name }, call) => {
        throwIfAborted(call.signal, { op: 'snapshot', subject: volume.name })
        await shelf.remove(volume, name)
      },
      list: async (volume) => await shelf.list(volume),
      restore: async (volume, snapshot, call) => await (await snapshotsOf(volume)).restore(volume, snapshot, call),
    }
  }

  async #clone(volume: DriverVolume, request: CloneRequest, call: DriverCall): Promise<CreatedVolume | undefined> {
    throwIfAborted(call.signal, { op: 'clone', subject: volume.name })
    const { source, snapshot, isMounted, allowInconsistent } = request
    const target = this.#backings.forNew(volume)
    const backing = await this.#with('cloning', source)
    if (backing.lend === undefined) throw lacking('cloning', source, undefined)
    const wanted = { snapshot, isMounted, allowInconsistent }
    return await backing.lend(source, wanted, call, (content) => target.create(volume, call, content))
  }

  /** The backing of a volume that has a facet. @throws PouchError `unsupported` with the reason of one that has not */
  async #with(facet: FacetName, volume: DriverVolume): Promise<Backing> {
    const backing = this.#backings.of(volume)
    const reasons = await backing.lacks(volume)
    if (reasons[facet] !== undefined) throw lacking(facet, volume, reasons[facet])
    return backing
  }
}

function mountFacet(backings: Backings): MountFacet {
  return {
    per: 'volume',
    concerns: (volume) => backings.isMounting(volume),
    mount: async (volume, _, call) => {
      const { mounting } = backings.of(volume)
      if (mounting !== undefined) return { path: await mounting.mount(volume, call) }
      const path = await backings.of(volume).path(volume)
      if (path !== undefined) return { path }
      throw new PouchError('not-found', `the directory of the volume ${volume.name} is gone`, {
        op: 'local',
        subject: volume.name,
      })
    },
    unmount: async (volume, _, __, call) => await backings.of(volume).mounting?.unmount(volume, call),
  }
}

function lacking(facet: FacetName, volume: DriverVolume, reason: string | undefined): PouchError {
  const message = reason ?? `this volume has no ${facet}`
  return new PouchError('unsupported', message, { op: 'local', subject: volume.name, details: { facet } })
}
