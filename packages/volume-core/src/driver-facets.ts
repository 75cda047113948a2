/**
 * What a driver may be able to do besides create, remove and path. A facet that is present is the capability: each holds an
 * operation with its inverse, or with the look-up that belongs to it, and a driver has all of a facet or none of it.
 *
 * The calls keep the rules of the driver's own: one at a time for a volume, any of them may be repeated with the same arguments
 * after a crash at any point and then finishes what was begun, and what a call returns to be kept comes back with each later one.
 */
import type { JsonValue } from '@pouch/store'
import type { CreatedVolume, DriverCall, DriverVolume } from './driver.js'

/** The backend knows its volumes, with or without us: it is asked for what our records lack, and believed about what is gone. */
export interface InventoryFacet {
  /** @returns `undefined` when the backend answered that it has no such volume. A backend that does not answer is an error. */
  get(name: string, call: DriverCall): Promise<FoundVolume | undefined>
  /** All volumes of the backend, in any order. */
  list(call: DriverCall): Promise<readonly FoundVolume[]>
}

/** A volume as its backend tells it. */
export interface FoundVolume {
  readonly name: string
  /** RFC 3339, when the backend knows. */
  readonly createdAt?: string
  /** Where it is on this host, when it is. */
  readonly path?: string
  readonly sizeBytes?: number
  /** Whatever the backend tells about it: Docker's `Status`. */
  readonly status?: Readonly<Record<string, JsonValue>>
  /** Kept with the record when the engine adopts the volume. */
  readonly state?: JsonValue
}

/** Changing the size of a volume. */
export interface ResizeFacet {
  /**
   * Brings the volume to a size, mounted or not. A driver that can do so only with a volume that is not mounted rejects with
   * `in-use`; a size below what is in the volume is `exhausted`, and nothing was changed.
   *
   * @returns what is to be kept from now on, as {@link Driver.create} does; the size it got, when it differs
   */
  resize(volume: DriverVolume, sizeBytes: number, call: DriverCall): Promise<CreatedVolume | undefined>
}

/** States of a volume, kept under names. */
export interface SnapshotFacet {
  /**
   * Keeps the volume as it is now. A copy that takes its time is refused with `in-use` while `request.isMounted`, unless
   * `request.allowInconsistent`. A snapshot of this name that is there is the answer of a repeated call: the engine asks {@link list} before the
   * first one. Anything else in its place is left alone, as `already-exists`.
   */
  create(volume: DriverVolume, request: SnapshotRequest, call: DriverCall): Promise<DriverSnapshot>
  /** Deletes a snapshot. What is gone already is a success; what is no snapshot is left alone. */
  remove(volume: DriverVolume, snapshot: DriverSnapshot, call: DriverCall): Promise<void>
  /** The snapshots of a volume that are whole, in any order. */
  list(volume: DriverVolume, call: DriverCall): Promise<readonly DriverSnapshot[]>
  /** Makes the volume what it was. It is not mounted; the snapshot stays. A crash midway leaves the one state or the other. */
  restore(volume: DriverVolume, snapshot: DriverSnapshot, call: DriverCall): Promise<void>
}

/** What to keep, and under which name. */
export interface SnapshotRequest {
  /** Checked like a volume's name. Unique within the volume. */
  readonly name: string
  /** Whether somebody may be writing now. */
  readonly isMounted: boolean
  /** Whether a copy that somebody writes into meanwhile is good enough. */
  readonly allowInconsistent: boolean
}

/** A snapshot as its driver made it. */
export interface DriverSnapshot {
  readonly name: string
  /** How it was made, for people: `btrfs`, `reflink`, `copy`. */
  readonly method: string
  /** Whether it is the volume at one moment. */
  readonly isConsistent: boolean
  /** What it takes up of its own, when known. */
  readonly sizeBytes?: number
  /** Handed back with the snapshot. */
  readonly state?: JsonValue
}

/** Making a volume from another one of the same driver. */
export interface CloneFacet {
  /**
   * Makes `volume`, which is not there yet, with the content of `request.source`, or of a snapshot of it. The inverse is the driver's
   * remove. The two have nothing to do with each other afterwards. With a `sizeBytes` the volume is to have that size, whatever its options
   * say: the source may have been brought to another one since it was made.
   *
   * One that is there, whole, is taken for the answer of a repeated call. The driver cannot tell that from somebody's data, and need not: with
   * the facet `renaming` the engine gives each clone a name that was never used, and renames it when it is whole. What comes to be there
   * while the clone is made is never replaced: that is `already-exists`.
   *
   * @returns what is to be kept, as {@link Driver.create} does; the size it got, when it differs
   */
  clone(volume: DriverVolume, request: CloneRequest, call: DriverCall): Promise<CreatedVolume | undefined>
}

/** What to clone. */
export interface CloneRequest {
  readonly source: DriverVolume
  readonly snapshot?: DriverSnapshot
  /** Of the source, as with {@link SnapshotRequest}; both are of no account with a snapshot. */
  readonly isMounted: boolean
  readonly allowInconsistent: boolean
}

/** Giving a volume another name. */
export interface RenameFacet {
  /**
   * Gives a volume another name; its snapshots come along. It is not mounted. A volume that has the new name already and not the old one is a success;
   * where both are there it is `already-exists`, whatever it is that has the new name, and nothing is replaced. This is how a volume that was
   * filled comes to its place: nobody's data is overwritten as long as this holds.
   *
   * @returns what is to be kept from now on, as {@link Driver.create} does; `undefined` for what was kept
   */
  rename(volume: DriverVolume, newName: string, call: DriverCall): Promise<CreatedVolume | undefined>
}

/** Telling what a volume takes up. */
export interface UsageFacet {
  /** Also of a volume that is not mounted, where the driver can. @throws PouchError `conflict` where it has to be mounted for that */
  measure(volume: DriverVolume, call: DriverCall): Promise<Usage>
}

/** What a volume takes up. */
export interface Usage {
  readonly usedBytes: number
  /** The limit that is enforced; absent without one. */
  readonly limitBytes?: number
  readonly usedInodes?: number
  readonly limitInodes?: number
  /** `counter`: told by a quota or a filesystem of the volume's own. `walk`: every file was looked at. */
  readonly source: 'counter' | 'walk'
}

/** Telling how the backend is. */
export interface HealthFacet {
  /** Looks, rather than remembers. A backend that does not answer may as well reject. */
  check(call: DriverCall): Promise<Health>
}

/** How a backend is. */
export interface Health {
  readonly state: 'healthy' | 'degraded' | 'failed'
  /** Why it is not healthy, and what to do. */
  readonly message?: string
  /** Facts for people: `{ quota: 'project (ext4)' }`. */
  readonly details?: Readonly<Record<string, string>>
}

/** What holds for one volume. */
export interface VolumeDescription {
  /** The driver's facets that this volume cannot have, each with the reason and the way out: what `unsupported` will say. */
  readonly without: Readonly<Partial<Record<FacetName, string>>>
  /** Facts for inspect, such as the quota backend and what passes it. */
  readonly facts: Readonly<Record<string, JsonValue>>
}

/** All facets by their names in a driver. */
export const facetNames = [
  'mounts',
  'inventory',
  'resizing',
  'snapshots',
  'cloning',
  'renaming',
  'usage',
  'health',
] as const

/** The name of a facet. */
export type FacetName = (typeof facetNames)[number]
