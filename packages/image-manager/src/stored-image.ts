import type { Descriptor } from '@pouch/ctrd-client'
import type { OciImageConfig } from './image-config.js'
import type { Reference } from './reference.js'

/** An image whose manifest, configuration and layers are in the content store, and that has no name yet. */
export interface StoredImage {
  /** The digest of the configuration. */
  readonly id: string
  readonly config: OciImageConfig
  /** The size of the configuration document. */
  readonly configBytes: number
  /** The digest of the manifest for the chosen platform. */
  readonly manifest: string
  /** What its names will point to: that manifest, or the index that it was chosen from. */
  readonly target: Descriptor
  /** Lowest first, as many as the configuration has diffIDs. */
  readonly layers: readonly Descriptor[]
  /** The names that it is to get. */
  readonly references: readonly Reference[]
}
