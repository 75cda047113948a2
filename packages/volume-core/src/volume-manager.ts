import { PouchError } from '@pouch/errors'
import type { Catalogue } from './catalogue.js'
import type { Cloning } from './cloning.js'
import type { Core } from './core.js'
import type { Creation } from './creation.js'
import type { Usage } from './driver.js'
import type { Exports } from './exports.js'
import type { Imports } from './imports.js'
import type { Inspection } from './inspection.js'
import type { Migration } from './migration.js'
import type { OperationGate } from './operation-gate.js'
import type { Pruning } from './pruning.js'
import type { References } from './references.js'
import type { Renaming } from './renaming.js'
import type { Snapshots } from './snapshots.js'
import type { Updates } from './updates.js'
import type {
  CreateRequest,
  HeldReference,
  PruneRequest,
  PruneResult,
  Reference,
  ReferenceRequest,
  Volume,
  VolumeCall,
  VolumeFilter,
  VolumeList,
} from './volume.js'
import type {
  ExportRequest,
  ImportRequest,
  MigrateRequest,
  RemoveCall,
  Snapshot,
  SnapshotCreateRequest,
  UpdateRequest,
  VolumeArchive,
  VolumeDetails,
  VolumeUsage,
} from './volume-requests.js'

/** What a {@link VolumeManager} is made of. */
export interface ManagerParts {
  readonly core: Core
  readonly creation: Creation
  readonly references: References
  readonly catalogue: Catalogue
  readonly pruning: Pruning
  readonly inspection: Inspection
  readonly updates: Updates
  readonly renaming: Renaming
  readonly cloning: Cloning
  readonly snapshots: Snapshots
  readonly exports: Exports
  readonly imports: Imports
  readonly migration: Migration
  readonly gate: OperationGate
}

let make: (parts: ManagerParts) => VolumeManager

/** Makes a manager, for the engine alone: what it is made of is no part of the public types. */
export function createVolumeManager(parts: ManagerParts): VolumeManager {
  return make(parts)
}

/**
 * The entrance to an engine's volumes. Any number of calls may be in flight; those on one name take turns, reads never wait.
 *
 * Whoever uses a volume holds a {@link Reference} on it: {@link reserve} keeps it from being removed, {@link mount} makes it usable on
 * this host, {@link unmount} and {@link release} undo the two; {@link attach} and {@link detach} do both at a time. References are
 * durable: after a crash or a restart of the host they are as they were, and what was being mounted is unmounted.
 *
 * Every method throws PouchErrors: `not-found` for a volume that is not there, `invalid-argument` for bad input, `timeout` and
 * `aborted` when a wait ends, `unavailable` once the engine is closed or when the volume's driver is not open, and what the driver throws.
 */
export class VolumeManager {
  readonly #parts: ManagerParts

  private constructor(parts: ManagerParts) {
    this.#parts = parts
  }

  static {
    make = (parts) => new VolumeManager(parts)
  }

  /**
   * Creates a volume, or returns the one of this name. With `from` it is a copy of another one of the same driver.
   *
   * @throws PouchError `already-exists` when another driver has the name, or when there is something to copy and the name is taken, `conflict` with `details.options` when the existing volume's
   *   options differ, `not-found` with `details.drivers` for an unknown driver, `invalid-argument` with `details.option`, `unsupported`
   */
  async create(request: CreateRequest = {}, call: VolumeCall = {}): Promise<Volume> {
    const { creation, cloning } = this.#parts
    const { from } = request
    return await this.#run('create', () =>
      from === undefined ? creation.create(request, call) : cloning.create(request, from, call),
    )
  }

  /** @throws PouchError `not-found` */
  async get(name: string, call: VolumeCall = {}): Promise<Volume> {
    return await this.#run('get', () => this.#parts.core.get(name, call))
  }

  /** The volume, or `undefined` when there is none of this name. */
  async find(name: string, call: VolumeCall = {}): Promise<Volume | undefined> {
    return await this.#run('get', () => this.#parts.core.find(name, call))
  }

  /** The volumes that match, by name. A driver that fails or is slow makes a warning, and its volumes are there all the same. */
  async list(filter: VolumeFilter = {}, call: VolumeCall = {}): Promise<VolumeList> {
    return await this.#run('list', () => this.#parts.catalogue.list(filter, call))
  }

  /**
   * Deletes a volume with its data. A removal that has begun is finished, whether the caller stays or not. With `force` a volume whose
   * driver fails to remove it is forgotten, and the driver's error thrown.
   *
   * @throws PouchError `in-use` with `details.holders`, or with `details.snapshots`
   */
  async remove(name: string, call: RemoveCall = {}): Promise<void> {
    await this.#run('remove', () => this.#parts.core.remove(name, call))
  }

  /**
   * Deletes volumes that nobody holds: anonymous ones, or all. As with Docker, one that has driver options or a global driver stays.
   *
   * @throws PouchError `conflict` while another prune runs
   */
  async prune(request: PruneRequest = {}, call: VolumeCall = {}): Promise<PruneResult> {
    return await this.#run('prune', () => this.#parts.pruning.prune(request, call))
  }

  /**
   * Where a volume's data is on this host.
   *
   * @throws PouchError `conflict` while it is not mounted
   */
  async path(name: string, call: VolumeCall = {}): Promise<string> {
    const { mountpoint } = await this.get(name, call)
    if (mountpoint !== undefined) return mountpoint
    const text = `path ${name}: the volume is not mounted: attach it, and use the path of the reference`
    throw new PouchError('conflict', text, { op: 'volume.path', subject: name })
  }

  /**
   * Changes labels, or the size of a volume. Both or neither.
   *
   * @throws PouchError `unsupported` when the volume cannot be resized, `exhausted` for a size below what is in it, `in-use` where it must not
   *   be mounted for that
   */
  async update(name: string, request: UpdateRequest, call: VolumeCall = {}): Promise<Volume> {
    return await this.#run('update', () => this.#parts.updates.update(name, request, call))
  }

  /** Gives a volume another name. @throws PouchError `in-use` with `details.holders`, `already-exists`, `unsupported` */
  async rename(name: string, newName: string, call: VolumeCall = {}): Promise<Volume> {
    return await this.#run('rename', () => this.#parts.renaming.rename(name, newName, call))
  }

  /**
   * What holds for one volume: its facets, facts of its driver, its snapshots. A driver that fails, or does not answer within 1.4 seconds unless
   * `timeoutMs` tells otherwise, leaves what is recorded, with the reason in `error`.
   *
   * @throws PouchError `not-found`
   */
  async describe(name: string, call: VolumeCall = {}): Promise<VolumeDetails> {
    return await this.#run('describe', () => this.#parts.inspection.describe(name, call))
  }

  /**
   * What a volume takes up: told by its driver, or by a walk of its files.
   *
   * @throws PouchError `conflict` when it has to be mounted for that
   */
  async measure(name: string, call: VolumeCall = {}): Promise<Usage> {
    return await this.#run('measure', () => this.#parts.inspection.measure(name, call))
  }

  /** What each of many volumes takes up, by name. One that cannot be measured says why, and stops no other. */
  async usages(filter: VolumeFilter = {}, call: VolumeCall = {}): Promise<VolumeUsage[]> {
    return await this.#run('measure', () => this.#parts.inspection.usages(filter, call))
  }

  /**
   * Keeps a volume as it is now, under a name. A copy takes its time: without `timeoutMs` it may take an hour.
   *
   * @throws PouchError `already-exists`, `unsupported`, `in-use` where it takes a copy and somebody may be writing
   */
  async createSnapshot(name: string, request: SnapshotCreateRequest = {}, call: VolumeCall = {}): Promise<Snapshot> {
    return await this.#run('snapshot', () => this.#parts.snapshots.create(name, request, call))
  }

  /** The snapshots of a volume, oldest first. */
  async snapshots(name: string, call: VolumeCall = {}): Promise<Snapshot[]> {
    return await this.#run('snapshots', () => this.#parts.snapshots.list(name, call))
  }

  /** Deletes a snapshot. @throws PouchError `not-found` */
  async removeSnapshot(name: string, snapshot: string, call: VolumeCall = {}): Promise<void> {
    await this.#run('removeSnapshot', () => this.#parts.snapshots.remove(name, snapshot, call))
  }

  /** Makes a volume what it was when a snapshot was made. @throws PouchError `not-found`, `in-use` while it is mounted */
  async restoreSnapshot(name: string, snapshot: string, call: VolumeCall = {}): Promise<void> {
    await this.#run('restore', () => this.#parts.snapshots.restore(name, snapshot, call))
  }

  /**
   * A volume's content as a tar. The signal ends the reading too.
   *
   * @throws PouchError `in-use` while somebody may be writing, unless that is allowed
   */
  async export(name: string, request: ExportRequest = {}, call: VolumeCall = {}): Promise<VolumeArchive> {
    return await this.#run('export', () => this.#parts.exports.open(name, request, call))
  }

  /**
   * Makes a volume of a tar. It is there whole, or not at all.
   *
   * @throws PouchError `already-exists`, `corrupt` for a broken archive, `invalid-argument` for one that leads out of the volume
   */
  async import(request: ImportRequest, source: AsyncIterable<Uint8Array>, call: VolumeCall = {}): Promise<Volume> {
    return await this.#run('import', () => this.#parts.imports.import(request, source, call))
  }

  /**
   * Moves a volume to another driver, or to other options: copies, compares, switches over, and then removes the source. Until the
   * switch the source is what it was.
   *
   * @throws PouchError `in-use` with `details.holders` or `details.snapshots`, `already-exists` when the driver has the name, `unsupported`
   */
  async migrate(name: string, request: MigrateRequest, call: VolumeCall = {}): Promise<Volume> {
    return await this.#run('migrate', () => this.#parts.migration.migrate(name, request, call))
  }

  /** Reserves and mounts: the volume is usable at the reference's `path` until {@link detach}. */
  async attach(name: string, request: ReferenceRequest, call: VolumeCall = {}): Promise<Reference> {
    return await this.#run('attach', () => this.#parts.references.attach(name, request, call))
  }

  /** Unmounts and releases. A reference that is gone already is a success. */
  async detach(name: string, referenceId: string, call: VolumeCall = {}): Promise<void> {
    await this.#run('detach', () => this.#parts.references.detach(name, referenceId, call))
  }

  /** Keeps a volume from being removed. @throws PouchError `conflict` when another holder has the id */
  async reserve(name: string, request: ReferenceRequest, call: VolumeCall = {}): Promise<Reference> {
    return await this.#run('reserve', () => this.#parts.references.reserve(name, request, call))
  }

  /** Makes a reserved volume usable; the answer has its `path`. @throws PouchError `not-found`, also for an unknown reference */
  async mount(name: string, referenceId: string, call: VolumeCall = {}): Promise<Reference> {
    return await this.#run('mount', () => this.#parts.references.mount(name, referenceId, call))
  }

  /** Undoes a mount; the reference stays. What is not mounted, or has no such reference, is a success. */
  async unmount(name: string, referenceId: string, call: VolumeCall = {}): Promise<void> {
    await this.#run('unmount', () => this.#parts.references.unmount(name, referenceId, call))
  }

  /** Gives a reference up. One that is gone already is a success. @throws PouchError `conflict` while it is mounted */
  async release(name: string, referenceId: string, call: VolumeCall = {}): Promise<void> {
    await this.#run('release', () => this.#parts.references.release(name, referenceId, call))
  }

  /** All references, or those of one holder, by volume: what a holder compares with its own books after a restart. */
  async references(filter: { readonly holder?: string | undefined } = {}): Promise<HeldReference[]> {
    return await this.#run('references', async () => this.#parts.references.all(filter.holder))
  }

  #run<T>(verb: string, operation: () => Promise<T>): Promise<T> {
    return this.#parts.gate.run(`volume.${verb}`, operation)
  }
}
