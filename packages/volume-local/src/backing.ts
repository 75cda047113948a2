import type {
  CreatedVolume,
  DriverCall,
  DriverSnapshot,
  DriverVolume,
  FacetName,
  JsonValue,
  SnapshotRequest,
  Usage,
} from '@pouch/volume-core/driver'
import type { ImageFilesystem } from './volume-plan.js'

/**
 * What a volume is made of: a directory, one with a quota, a subvolume, an image, a directory or device of the user's. The driver finds
 * the backing of a volume from its options and state, and each call goes there. What a backing lacks it says why in
 * {@link Backing.lacks}, and the driver refuses it with these words.
 */
export interface Backing {
  /** For people: `directory`, `project`, `loop`. */
  readonly name: string
  /** Makes the volume, with the content of another one if given. What is there already, whole, is left as it is. */
  create(volume: DriverVolume, call: DriverCall, content?: Content): Promise<CreatedVolume | undefined>
  remove(volume: DriverVolume, call: DriverCall): Promise<void>
  path(volume: DriverVolume): Promise<string | undefined>
  measure(volume: DriverVolume, call: DriverCall): Promise<Usage>
  rename(volume: DriverVolume, newName: string, call: DriverCall): Promise<void>
  /** The facets of the driver that a volume of this backing cannot have, with the reason and the way out. */
  lacks(volume: DriverVolume): Promise<Readonly<Partial<Record<FacetName, string>>>>
  facts(volume: DriverVolume): Promise<Readonly<Record<string, JsonValue>>>
  /** Present when the volume is to be mounted at its first use. */
  readonly mounting?: Mounting
  /** Present unless {@link lacks} says why not, as the next ones. */
  resize?(volume: DriverVolume, sizeBytes: number, call: DriverCall): Promise<CreatedVolume | undefined>
  readonly snapshots?: BackingSnapshots
  /**
   * Lends the content of a volume, or of a snapshot of it, for as long as `use` takes. The volume's own is that of one moment unless
   * `isMounted`.
   */
  lend?<T>(
    volume: DriverVolume,
    source: LendRequest,
    call: DriverCall,
    use: (content: Content) => Promise<T>,
  ): Promise<T>
}

/** Mounting for the first reference and unmounting after the last; both may be repeated. */
export interface Mounting {
  mount(volume: DriverVolume, call: DriverCall): Promise<string>
  unmount(volume: DriverVolume, call: DriverCall): Promise<void>
}

/** Snapshots of a backing; see the facet of the contract. */
export interface BackingSnapshots {
  create(volume: DriverVolume, request: SnapshotRequest, call: DriverCall): Promise<DriverSnapshot>
  restore(volume: DriverVolume, snapshot: DriverSnapshot, call: DriverCall): Promise<void>
}

/** What of a volume is wanted. */
export interface LendRequest {
  readonly snapshot: DriverSnapshot | undefined
  readonly isMounted: boolean
  readonly allowInconsistent: boolean
}

/** The content of a volume, in the form that its backing has it. Nobody writes to it while it is lent. */
export type Content = TreeContent | SubvolumeContent | ImageContent

/** A directory. */
export interface TreeContent {
  readonly kind: 'tree'
  readonly path: string
}

/** A directory that is a subvolume of btrfs. */
export interface SubvolumeContent {
  readonly kind: 'subvolume'
  readonly path: string
}

/** A file with a filesystem in it that is not mounted. */
export interface ImageContent {
  readonly kind: 'image'
  readonly file: string
  readonly filesystem: ImageFilesystem
  /** Whether it is whole without its journal, and nobody may write to it. */
  readonly isSnapshot: boolean
}
