import type { TypedEmitter } from '@pouch/events'
import type { PruneResult, Reference, Volume } from './volume.js'
import type { Snapshot } from './volume-requests.js'

/** What a volume engine tells, each once its state is durable. The records are frozen. */
export type VolumeEvents = {
  'volume.created': (volume: Volume) => void
  /** The volume as it was. */
  'volume.removed': (volume: Volume) => void
  /** Somebody took a reference: by reserve, or by attach. */
  'volume.attached': (volume: Volume, reference: Reference) => void
  /** A reference is usable; its path is set. */
  'volume.mounted': (volume: Volume, reference: Reference) => void
  'volume.unmounted': (volume: Volume, reference: Reference) => void
  /** A reference is gone: by release, or by detach. */
  'volume.detached': (volume: Volume, reference: Reference) => void
  /** Its labels or its size changed. */
  'volume.updated': (volume: Volume) => void
  'volume.renamed': (volume: Volume, oldName: string) => void
  'volume.snapshotted': (volume: Volume, snapshot: Snapshot) => void
  'volume.snapshotRemoved': (volume: Volume, snapshot: Snapshot) => void
  /** It is again what it was when the snapshot was made. */
  'volume.restored': (volume: Volume, snapshot: Snapshot) => void
  /** It was made from an archive. `volume.created` is told too, before. */
  'volume.imported': (volume: Volume) => void
  /** It moved; `from` is the driver that had it. */
  'volume.migrated': (volume: Volume, from: string) => void
  'volume.pruned': (result: PruneResult) => void
}

/** The emitter of a volume engine. A listener that throws never fails an operation. */
export type VolumeEmitter = TypedEmitter<VolumeEvents>
