/**
 * What a volume driver is. This door is all that a driver needs: `import type { DriverDefinition } from '@pouch/volume-core/driver'`.
 *
 * A driver package exports a factory (`local(options)`) that returns a {@link DriverDefinition}. The engine calls
 * `open` once; from then on it alone decides when the driver is called:
 *
 *     create ─▶ (mounts.mount ─▶ mounts.unmount)* ─▶ remove
 *                       path, between mount and unmount
 *
 * Every mutating call may be repeated with the same arguments, after a crash at any point of the first one, and then
 * finishes what was begun: create of what exists and remove of what is gone succeed. The engine holds one lock per volume
 * name, so that a driver sees one mutating call at a time for a volume, and many at a time for different volumes; calls that
 * only look (path, describe, usage, inventory, health) come at any time. The engine keeps the
 * names, the options, the references and the records; a driver keeps nothing that it could not find again, save what it returns as
 * `state` and what it puts into {@link DriverHost.state}.
 *
 * Nothing is deleted or overwritten that the driver did not make. Only who has the records knows what that is, so the engine has what is to be
 * filled (a clone, an import, a migration) made under a name that nobody else has, and renamed when it is whole; a driver without `renaming` is
 * asked before, by `inventory` or `path`, whether it has the name.
 *
 * A name is checked before a driver sees it: 2 to 255 of `[a-zA-Z0-9_.-]`, the first a letter or a digit. So whatever a driver keeps
 * beside its volumes begins with `.` or `_`, and never meets one.
 *
 * Not found is `undefined` from a look-up (`path`) and an error from an action. Drivers throw PouchError, or any error
 * with an errno; the engine names volume, driver and operation in one place. A call whose signal has already fired rejects
 * before it changes anything. When `remove` rejects with `in-use`, `unsupported`, `permission-denied` or `unavailable`, the volume is
 * whole and stays usable; after any other failure the engine treats it as half deleted, and only remove is called again.
 */
import type { JsonValue } from '@pouch/store'
import type {
  CloneFacet,
  HealthFacet,
  InventoryFacet,
  RenameFacet,
  ResizeFacet,
  SnapshotFacet,
  UsageFacet,
  VolumeDescription,
} from './driver-facets.js'

/** The number of this contract. A definition with a newer one is refused by name. */
export const driverContract = 1

/** What a factory returns: who the driver is, which options its volumes take, and how to open it. */
export interface DriverDefinition {
  /** The {@link driverContract} that the driver was written for. */
  readonly contract: number
  /** The name that users pass as `driver`. Lower-case letters, digits and `-`. */
  readonly name: string
  /** The version of the driver, shown in `pouch info`. */
  readonly version?: string
  /** The options of a volume: a table that the engine enforces, or `'passthrough'` to get them as they came. */
  readonly options: OptionTable | 'passthrough'
  /** Connects to the backend and finishes what a crash left. Called once, before anything else. */
  open(host: DriverHost): Promise<Driver>
}

/** What a driver gets from the engine that opens it. */
export interface DriverHost {
  /** A directory of the engine, absolute, made by it. A driver uses `<home>/<a folder of its own>`. */
  readonly home: string
  /** Made once for an engine's store; marks whatever the driver leaves on the host as the engine's. */
  readonly engineId: string
  readonly hostName: string
  /** A durable key-value area of this driver's own. */
  readonly state: DriverStateArea
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** Durable values of a driver's own, kept in the engine's store. */
export interface DriverStateArea {
  get(key: string): Promise<JsonValue | undefined>
  set(key: string, value: JsonValue): Promise<void>
  delete(key: string): Promise<void>
  list(): AsyncIterable<{ readonly key: string; readonly value: JsonValue }>
}

/** An open driver: the operations that all have, and the facets that this one has. */
export interface Driver {
  readonly name: string
  readonly traits: DriverTraits
  /**
   * Makes the volume. Repeated, it finds what it made. A volume of this name that is there before, whole and as it is wanted, is taken as it
   * is, with {@link CreatedVolume.isFound}; anything else that is there is left alone, as `already-exists`. A create that fails is taken back by
   * {@link remove}, unless it is refused as `already-exists`, `invalid-argument` or `unsupported`: then it has made nothing.
   *
   * @returns what the engine is to store and hand back with each later call
   */
  create(volume: DriverVolume, call: DriverCall): Promise<CreatedVolume | undefined>
  /** Deletes the volume and its data. It is not mounted. */
  remove(volume: DriverVolume, call: DriverCall): Promise<void>
  /** Where the volume is on this host; `undefined` while it is not mounted. Without `mounts` it is always there. */
  path(volume: DriverVolume, call: DriverCall): Promise<string | undefined>
  /** Lets go of the backend. Mounted volumes stay mounted. */
  close(): Promise<void>
  /**
   * Which facets one volume cannot have, though its driver has them, and facts about it. Looks at the volume, changes nothing. Without it
   * every volume has every facet.
   */
  describe?(volume: DriverVolume, call: DriverCall): Promise<VolumeDescription>
  /** Present when a volume has to be mounted before it can be used. */
  readonly mounts?: MountFacet
  readonly inventory?: InventoryFacet
  readonly resizing?: ResizeFacet
  readonly snapshots?: SnapshotFacet
  readonly cloning?: CloneFacet
  readonly renaming?: RenameFacet
  readonly usage?: UsageFacet
  readonly health?: HealthFacet
}

/** Facts about a driver's volumes. */
export interface DriverTraits {
  /** `local`: this host only. `global`: every host that has the backend sees the same volumes. */
  readonly scope: 'local' | 'global'
  /** Whether data survives the last unmount and the host. */
  readonly durable: boolean
  readonly accessModes: readonly AccessMode[]
}

/** How many may use a volume at a time, as CSI names it. */
export type AccessMode = 'single-node-writer' | 'multi-node-reader' | 'multi-node-writer'

/** Mounting, with its inverse. */
export interface MountFacet {
  /**
   * `volume`: the engine calls mount for the first reference on this host and unmount after the last.
   * `reference`: exactly once for each reference.
   */
  readonly per: 'volume' | 'reference'
  /**
   * Whether this volume is one to be mounted; without it every one is. One that is not is always there, at `path`. Answers at once, from
   * what it is given, and always the same for a volume.
   */
  concerns?(volume: DriverVolume): boolean
  /** Makes the volume usable. Repeated with the same reference it answers the same. */
  mount(volume: DriverVolume, reference: ReferenceInfo, call: DriverCall): Promise<Mounted>
  /** Undoes a mount. What is not mounted stays so. `state` is what mount returned. */
  unmount(volume: DriverVolume, reference: ReferenceInfo, state: JsonValue | undefined, call: DriverCall): Promise<void>
}

/** The answer of {@link MountFacet.mount}. */
export interface Mounted {
  /** Absolute; belongs to the reference and is kept with it. */
  readonly path: string
  readonly state?: JsonValue
}

/** A volume as its driver sees it. Frozen. */
export interface DriverVolume {
  readonly name: string
  /** Typed by the table, defaults filled in; strings with `'passthrough'`. */
  readonly options: Readonly<Record<string, OptionValue>>
  readonly labels: Readonly<Record<string, string>>
  /** What create returned. */
  readonly state: JsonValue | undefined
  readonly sizeBytes: number | undefined
}

/** The answer of {@link Driver.create}. */
export interface CreatedVolume {
  readonly state?: JsonValue
  /**
   * Says that this call did not make it: it was there before, of an earlier try or of somebody. The engine fills no such volume with anything,
   * and does not remove it to undo this call. Not kept.
   */
  readonly isFound?: boolean
  /** What `path` would answer now: tells the engine without being asked. Not kept. */
  readonly path?: string
  readonly sizeBytes?: number
}

/** Who a mount is for. */
export interface ReferenceInfo {
  readonly id: string
  readonly holder: string
  readonly readOnly: boolean
}

/** What every call of a driver takes. */
export interface DriverCall {
  /** Fires when the caller has gone or the deadline has passed. A driver stops at the next safe point. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/** The options of a driver's volumes, by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>

/** One option: its type, its default, and a line of help that ends up in docs, completion and `pouch info`. */
export interface OptionSpec {
  readonly type: OptionType
  readonly description: string
  readonly default?: OptionValue
  /** The allowed values of an `enum`. */
  readonly values?: readonly string[]
  /** Other spellings that mean this option. */
  readonly aliases?: readonly string[]
  /** Why the option is refused, for one that is known and cannot be honoured: `unsupported`, never ignored. */
  readonly unsupported?: string
  /**
   * Whether the value must never be told: a password. It is stored, and masked in what is shown and in errors. Parts like `password=…` of a
   * list of mount options are masked in every option, without this.
   */
  readonly secret?: boolean
  /**
   * What of a volume's top directory the option sets. Content that is imported or moved to a volume brings that along, unless the
   * option was given: then it stays what the driver made it.
   */
  readonly ofTop?: TopProperty
}

/** What a volume's top directory has that an option may set. */
export type TopProperty = 'mode' | 'uid' | 'gid'

/** `bytes`: a size. `int`: a whole number ≥ 0. `mode`: octal permissions. `path`: absolute. */
export type OptionType = 'bytes' | 'int' | 'mode' | 'path' | 'string' | 'enum' | 'boolean'

/** An option's value once typed: bytes, int and mode are numbers. */
export type OptionValue = string | number | boolean

/** The four methods of a logger that Pouch calls; pino and console fit. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export type { JsonValue } from '@pouch/store'
export {
  type CloneFacet,
  type CloneRequest,
  type DriverSnapshot,
  type FacetName,
  type FoundVolume,
  facetNames,
  type Health,
  type HealthFacet,
  type InventoryFacet,
  type RenameFacet,
  type ResizeFacet,
  type SnapshotFacet,
  type SnapshotRequest,
  type Usage,
  type UsageFacet,
  type VolumeDescription,
} from './driver-facets.js'
export type { DriverSource } from './driver-source.js'
export { scrubbed } from './scrubbed.js'
export { maskedText, secretsInText } from './secret-text.js'
