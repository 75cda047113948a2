import { undefinedIfAbsent } from '../absent.js'
import type { Call } from '../call.js'
import { Kind, type Info as WireInfo, SnapshotsService as wire } from '../gen/snapshots.js'
import { fromWireMount, type Mount } from '../mount.js'
import { present } from '../present.js'
import { toNumber } from '../safe-integer.js'
import type { ServiceContext } from '../service-context.js'
import { toRfc3339 } from '../timestamp.js'

/** `active` can be written and committed; `view` is read-only; `committed` can be a parent. */
export type SnapshotKind = 'view' | 'active' | 'committed' | 'unknown'

/** One snapshot of a snapshotter. */
export interface SnapshotInfo {
  readonly name: string
  /** Empty for one without a parent. */
  readonly parent: string
  readonly kind: SnapshotKind
  readonly labels: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly createdAt?: string | undefined
  /** RFC 3339. */
  readonly updatedAt?: string | undefined
}

/** What one snapshot takes, without its parents. */
export interface SnapshotUsage {
  readonly sizeBytes: number
  readonly inodes: number
}

/** Labels for a new snapshot, such as `containerd.io/gc.root`. */
export interface SnapshotOptions {
  readonly labels?: Readonly<Record<string, string>> | undefined
}

const kinds: Readonly<Record<number, SnapshotKind>> = {
  [Kind.VIEW]: 'view',
  [Kind.ACTIVE]: 'active',
  [Kind.COMMITTED]: 'committed',
}

/** The snapshots of one snapshotter. Without a lease or a `gc.root` label the collector takes new ones. */
export class SnapshotsService {
  /** The snapshotter's name: `overlayfs`, `native`, … */
  readonly snapshotter: string
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext, snapshotter: string) {
    this.#context = context
    this.snapshotter = snapshotter
  }

  /**
   * Makes a writable snapshot on a committed parent (empty: on nothing).
   *
   * @returns the mounts that make it visible
   * @throws PouchError `already-exists`; `not-found` for the parent
   */
  async prepare(key: string, parent: string, options: SnapshotOptions = {}, call?: Call): Promise<Mount[]> {
    const name = { op: 'snapshots.prepare', doing: 'prepare the snapshot', subject: key }
    const answer = await this.#context.unary(wire.prepare, this.#new(key, parent, options), name, call)
    return (answer.mounts ?? []).map(fromWireMount)
  }

  /** The same, read-only: it can never be committed. */
  async view(key: string, parent: string, options: SnapshotOptions = {}, call?: Call): Promise<Mount[]> {
    const name = { op: 'snapshots.view', doing: 'make a view, the snapshot', subject: key }
    const answer = await this.#context.unary(wire.view, this.#new(key, parent, options), name, call)
    return (answer.mounts ?? []).map(fromWireMount)
  }

  /** The mounts of an active snapshot or a view. @throws PouchError `not-found` */
  async mounts(key: string, call?: Call): Promise<Mount[]> {
    const name = { op: 'snapshots.mounts', doing: 'get the mounts of the snapshot', subject: key }
    const answer = await this.#context.unary(wire.mounts, { snapshotter: this.snapshotter, key }, name, call)
    return (answer.mounts ?? []).map(fromWireMount)
  }

  /** Turns the active snapshot `key` into the committed one `committed`. @throws PouchError `already-exists`, `not-found` */
  async commit(committed: string, key: string, options: SnapshotOptions = {}, call?: Call): Promise<void> {
    const name = { op: 'snapshots.commit', doing: 'commit the snapshot', subject: key }
    const request = { snapshotter: this.snapshotter, name: committed, key, labels: { ...options.labels } }
    await this.#context.unary(wire.commit, request, name, call)
  }

  /** One snapshot; undefined when there is none of this name. */
  async stat(key: string, call?: Call): Promise<SnapshotInfo | undefined> {
    const name = { op: 'snapshots.stat', doing: 'look up the snapshot', subject: key }
    const request = { snapshotter: this.snapshotter, key }
    const answer = await undefinedIfAbsent(this.#context.unary(wire.stat, request, name, call))
    return answer && fromWire(present(answer.info, 'snapshot'))
  }

  /** What it takes on disk. Walks the files of an active one, so it has no default deadline. */
  async usage(key: string, call?: Call): Promise<SnapshotUsage> {
    const name = { op: 'snapshots.usage', doing: 'measure the snapshot', subject: key }
    const request = { snapshotter: this.snapshotter, key }
    const answer = await this.#context.unary(wire.usage, request, name, call, 'none')
    return { sizeBytes: toNumber(answer.size, 'size'), inodes: toNumber(answer.inodes, 'number of inodes') }
  }

  /** @throws PouchError `not-found`; `conflict` while another snapshot is built on it */
  async remove(key: string, call?: Call): Promise<void> {
    const name = { op: 'snapshots.remove', doing: 'remove the snapshot', subject: key }
    await this.#context.unary(wire.remove, { snapshotter: this.snapshotter, key }, name, call)
  }

  /** Replaces the labels; `fieldPaths` (`labels.x`) narrows it to some of them. @throws PouchError `not-found` */
  async update(
    key: string,
    labels: Readonly<Record<string, string>>,
    fieldPaths: readonly string[] = [],
    call?: Call,
  ): Promise<SnapshotInfo> {
    const name = { op: 'snapshots.update', doing: 'update the snapshot', subject: key }
    const updateMask = fieldPaths.length === 0 ? ['labels'] : [...fieldPaths]
    const request = { snapshotter: this.snapshotter, info: { name: key, labels: { ...labels } }, updateMask }
    const answer = await this.#context.unary(wire.update, request, name, call)
    return fromWire(present(answer.info, 'snapshot'))
  }

  /** The snapshots that match any of the filters (containerd's filter language), or all. */
  async *list(filters: readonly string[] = [], call?: Call): AsyncGenerator<SnapshotInfo, void, undefined> {
    const name = { op: 'snapshots.list', doing: `list the snapshots of ${this.snapshotter}` }
    const request = { snapshotter: this.snapshotter, filters: [...filters] }
    for await (const message of this.#context.serverStream(wire.list, request, name, call)) {
      for (const info of message.info ?? []) yield fromWire(info)
    }
  }

  #new(key: string, parent: string, options: SnapshotOptions) {
    return { snapshotter: this.snapshotter, key, parent, labels: { ...options.labels } }
  }
}

function fromWire(info: WireInfo): SnapshotInfo {
  return {
    name: info.name ?? '',
    parent: info.parent ?? '',
    kind: kinds[info.kind ?? Kind.UNKNOWN] ?? 'unknown',
    labels: info.labels ?? {},
    createdAt: toRfc3339(info.createdAt),
    updatedAt: toRfc3339(info.updatedAt),
  }
}
