import type { CloneSource } from './volume-requests.js'

/** A volume as the engine tells it. Frozen; a later change makes a new object. */
export interface Volume {
  readonly name: string
  /** The name of its driver. */
  readonly driver: string
  /** The driver's options as they were given; what is secret in them is `********`. */
  readonly options: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string
  /** Where its data is on this host; `undefined` while it is not mounted. */
  readonly mountpoint: string | undefined
  /** `local`: this host only. `global`: every host that has the backend. */
  readonly scope: 'local' | 'global'
  /** Its capacity, when the driver set one. */
  readonly sizeBytes: number | undefined
  /** Who holds it, oldest first. */
  readonly references: readonly Reference[]
  /** Whether it was created without a name. */
  readonly anonymous: boolean
  /** How many snapshots it has. */
  readonly snapshotCount: number
  /** Set while something about it is unfinished: its phase and why. */
  readonly status: VolumeStatus | undefined
}

/** What is unfinished about a volume, and what went wrong at the last try. The next operation on it tries again. */
export interface VolumeStatus {
  readonly phase: VolumePhase
  readonly error: string
}

/** `creating` and `removing` are intents: whatever happens, they are finished. */
export type VolumePhase = 'creating' | 'ready' | 'removing'

/** Somebody's claim on a volume. While there is one, the volume cannot be removed. Frozen. */
export interface Reference {
  /** Unique within the volume. */
  readonly id: string
  /** Who holds it: a container's id, an application's name. */
  readonly holder: string
  /** The host that it belongs to. */
  readonly host: string
  readonly readOnly: boolean
  readonly state: ReferenceState
  /** Where the volume is for this holder, once mounted. Absolute. */
  readonly path: string | undefined
}

/** `reserved` ⇄ `mounted`, through `mounting` and `unmounting`, which a crash may leave and boot finishes. */
export type ReferenceState = 'reserved' | 'mounting' | 'mounted' | 'unmounting'

/** What to create. */
export interface CreateRequest {
  /** `[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}`; without one the volume is anonymous and gets 64 hex digits. */
  readonly name?: string | undefined
  /** The driver's name; without one, that of an existing volume of this name, else the engine's default. */
  readonly driver?: string | undefined
  /** The driver's options, as a person wrote them. */
  readonly options?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /**
   * What to do with an existing volume of the same driver. `check` (the default): return it when the options are absent or mean
   * the same, else `conflict`. `return`: return it whatever its options are, as Docker does.
   */
  readonly ifExists?: 'check' | 'return' | undefined
  /**
   * What to copy into it: a volume of the same driver, which may then be left out. Without options it has the source's, and the size that
   * the source has by now; with options of its own it has those alone. An existing volume of the name is `already-exists`, unless `ifExists`
   * is `return`.
   */
  readonly from?: CloneSource | undefined
}

/** Which volumes to list. Every given field must match. */
export interface VolumeFilter {
  /** Any of these names, or a name that matches one of these expressions. */
  readonly names?: readonly (string | RegExp)[] | undefined
  /** Any of these drivers. */
  readonly drivers?: readonly string[] | undefined
  /** All of these: `key`, or `key=value`. */
  readonly labels?: readonly string[] | undefined
  /** `true`: nobody holds it. `false`: somebody does. */
  readonly dangling?: boolean | undefined
}

/** The volumes that match, by name, and what could not be told about some of them. */
export interface VolumeList {
  readonly volumes: Volume[]
  readonly warnings: string[]
}

/** Which unreferenced volumes to remove. */
export interface PruneRequest {
  /** Named volumes too; without it anonymous ones only. */
  readonly all?: boolean | undefined
  /** All of these: `key`, or `key=value`. */
  readonly labels?: readonly string[] | undefined
  /** None of these. */
  readonly notLabels?: readonly string[] | undefined
}

/** What was removed, by name, and what could not be. */
export interface PruneResult {
  readonly removed: string[]
  /** What they took up, as far as that was to be learned in a few seconds. */
  readonly reclaimedBytes: number
  readonly warnings: string[]
}

/** Who wants a volume. */
export interface ReferenceRequest {
  /** Who will hold it: 1 to 255 printable characters. */
  readonly holder: string
  /** `[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,127}`; made up when absent. Repeating a call with the same id changes nothing. */
  readonly id?: string | undefined
  readonly readOnly?: boolean | undefined
}

/** A reference together with the volume that it is on. */
export interface HeldReference {
  readonly volume: string
  readonly reference: Reference
}

/** What every operation takes. */
export interface VolumeCall {
  /** Ends the operation: at once while it waits, at the driver's next safe point after that. What was begun is undone or finished. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for the wait, and for each call of the driver; the engine's `timeoutMs` unless told. */
  readonly timeoutMs?: number | undefined
}
