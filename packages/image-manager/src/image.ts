import type { Descriptor } from '@pouch/ctrd-client'
import type { ImageHistory, ImageRunConfig, OciImageConfig } from './image-config.js'

/** An image as people see it. Frozen. */
export interface Image {
  /** The digest of its configuration: `sha256:…`. */
  readonly id: string
  /** Its names with tags, as people write them: `busybox:latest`. Empty for an image that lost its tag. */
  readonly references: readonly string[]
  /** Its names in registries: `busybox@sha256:…`. */
  readonly digests: readonly string[]
  /** When it was built; RFC 3339. */
  readonly createdAt: string
  /** When it was last given a name here; RFC 3339. */
  readonly taggedAt: string | undefined
  /** All its layers, unpacked. */
  readonly sizeBytes: number
  readonly architecture: string
  readonly variant: string | undefined
  readonly os: string
  readonly author: string
  readonly comment: string
  readonly config: ImageRunConfig
  /** The digests of the uncompressed layers, lowest first. */
  readonly layers: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly history: readonly ImageHistory[]
  /** The manifest (or the list of manifests) that its names point to. */
  readonly target: Descriptor
}

/** What a container needs of an image. */
export interface ResolvedImage {
  readonly id: string
  readonly references: readonly string[]
  readonly config: OciImageConfig
  /** The key of the snapshot that a container's own one is put on; empty for an image without layers. */
  readonly chainId: string
  readonly target: Descriptor
}

/** An image of an archive that was loaded. */
export interface LoadedImage {
  readonly image: Image
  /** The names that the archive gave it, as people write them; empty when it gave none. */
  readonly references: readonly string[]
}

/** A step of {@link ImageManager.remove}: exactly one of both. */
export type RemovedImage = { readonly untagged: string } | { readonly deleted: string }

/** One step of how an image was made, newest first in a list. */
export interface HistoryItem {
  /** The image's id on the newest step; undefined on the others. */
  readonly id: string | undefined
  readonly createdAt: string
  readonly createdBy: string
  readonly tags: readonly string[]
  readonly sizeBytes: number
  readonly comment: string
}
