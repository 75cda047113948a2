/** What is asked of the facets of volumes, and what comes back. */
import type { PouchError } from '@pouch/errors'
import type { Health, JsonValue, Usage } from './driver.js'
import type { VolumeCall } from './volume.js'

/** A volume, or a snapshot of it: what a clone is made from. */
export interface CloneSource {
  readonly volume: string
  readonly snapshot?: string | undefined
  /** Take a copy that somebody may be writing into, where the driver has nothing better. */
  readonly allowInconsistent?: boolean | undefined
}

/** What to change about a volume. What is absent stays. */
export interface UpdateRequest {
  /** Set these labels; `null` takes one away. */
  readonly labels?: Readonly<Record<string, string | null>> | undefined
  /** Bring it to this size, in bytes. */
  readonly sizeBytes?: number | undefined
}

/** What to keep of a volume. */
export interface SnapshotCreateRequest {
  /** Like a volume's name; made from the time when absent. */
  readonly name?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly allowInconsistent?: boolean | undefined
}

/** A snapshot as the engine tells it. Frozen. */
export interface Snapshot {
  readonly name: string
  readonly volume: string
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string
  readonly labels: Readonly<Record<string, string>>
  /** How it was made: `btrfs`, `reflink`, `copy`, … */
  readonly method: string
  /** Whether it is the volume at one moment. */
  readonly isConsistent: boolean
  readonly sizeBytes: number | undefined
}

/** What a removal may do besides. */
export interface RemoveCall extends VolumeCall {
  /**
   * Forget the volume also when its driver fails to remove it; what the driver threw is still thrown, with `details.isForgotten` and
   * where the data may be. Never overrides a holder.
   */
  readonly force?: boolean | undefined
}

/** How the backend of a driver is. */
export interface DriverHealth {
  readonly driver: string
  /** `undefined` when the driver tells no health, or could not. */
  readonly health: Health | undefined
  /** Why it could not tell: it is not open, it failed, it did not answer in time. */
  readonly error: PouchError | undefined
}

/** What a volume takes up, or why that is not known. */
export interface VolumeUsage {
  readonly volume: string
  readonly usage: Usage | undefined
  /** Set when it could not be measured. */
  readonly error: string | undefined
}

/** What holds for one volume: which facets it has, and facts about it. Frozen. */
export interface VolumeDetails {
  /** Every facet that its driver has: `true`, or the reason why this volume lacks it. Empty when the driver does not tell. */
  readonly facets: Readonly<Record<string, true | string>>
  /** What the driver tells about it, such as the quota backend. */
  readonly facts: Readonly<Record<string, JsonValue>>
  /** Docker's `Status`: what the backend tells about it. */
  readonly status: Readonly<Record<string, JsonValue>> | undefined
  readonly snapshots: readonly Snapshot[]
  /** Why its driver could not tell what is missing here: it failed, or did not answer in time. */
  readonly error?: string
}

/** How to read a volume's content. */
export interface ExportRequest {
  /** Export while somebody may be writing. */
  readonly allowInconsistent?: boolean | undefined
  /** Told what is left out, such as a socket. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Told as it goes. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
  /**
   * `owned` (the default): a chunk is the reader's for good. `borrowed`: it is overwritten once the next one is asked for, which takes much less
   * from memory; for readers that are done with each chunk by then.
   */
  readonly chunks?: 'owned' | 'borrowed' | undefined
}

/**
 * A volume's content as a tar, to be read once. The volume is held, and mounted, until the last byte was read, the reader left or the
 * archive was disposed of: whoever does not read it to its end disposes of it.
 */
export interface VolumeArchive extends AsyncIterable<Uint8Array>, AsyncDisposable {}

/** How to make a volume from an archive. */
export interface ImportRequest {
  readonly name?: string | undefined
  readonly driver?: string | undefined
  readonly options?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly onWarning?: ((message: string) => void) | undefined
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
}

/** How far a transfer is. */
export interface TransferProgress {
  readonly files: number
  /** Bytes of content; holes are not counted. */
  readonly bytes: number
}

/** Where a volume is to move. */
export interface MigrateRequest {
  readonly driver: string
  /** All that the volume is to be there, its size among it: drivers have options of their own, so that none is taken over. */
  readonly options?: Readonly<Record<string, string>> | undefined
  readonly onWarning?: ((message: string) => void) | undefined
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
}
