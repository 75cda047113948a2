import type { TypedEmitter } from '@pouch/events'
import type { PruneResult, Reference, Volume } from './volume.js'

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
  'volume.pruned': (result: PruneResult) => void
}

/** The emitter of a volume engine. A listener that throws never fails an operation. */
export type VolumeEmitter = TypedEmitter<VolumeEvents>
