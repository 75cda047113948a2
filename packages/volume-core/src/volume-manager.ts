import { PouchError } from '@pouch/errors'
import type { Catalogue } from './catalogue.js'
import type { Core } from './core.js'
import type { OperationGate } from './operation-gate.js'
import type { References } from './references.js'
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

/** What a {@link VolumeManager} is made of. */
export interface ManagerParts {
  readonly core: Core
  readonly references: References
  readonly catalogue: Catalogue
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
   * Creates a volume, or returns the one of this name.
   *
   * @throws PouchError `already-exists` when another driver has the name, `conflict` with `details.options` when the existing volume's
   *   options differ, `not-found` with `details.drivers` for an unknown driver, `invalid-argument` with `details.option`, `unsupported`
   */
  async create(request: CreateRequest = {}, call: VolumeCall = {}): Promise<Volume> {
    return await this.#run('create', () => this.#parts.core.create(request, call))
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
   * Deletes a volume with its data. A removal that has begun is finished, whether the caller stays or not.
   *
   * @throws PouchError `in-use` with `details.holders`
   */
  async remove(name: string, call: VolumeCall = {}): Promise<void> {
    await this.#run('remove', () => this.#parts.core.remove(name, call))
  }

  /**
   * Deletes volumes that nobody holds: anonymous ones, or all. As with Docker, one that has driver options or a global driver stays.
   *
   * @throws PouchError `conflict` while another prune runs
   */
  async prune(request: PruneRequest = {}, call: VolumeCall = {}): Promise<PruneResult> {
    return await this.#run('prune', () => this.#parts.catalogue.prune(request, call))
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
