import type { Image } from './image.js'

/** What an image manager tells, once it is durable. `reference` is a name as people write it. */
export type ImageEvents = {
  'image.pulled': (image: Image, reference: string) => void
  'image.loaded': (image: Image) => void
  'image.imported': (image: Image) => void
  'image.tagged': (image: Image, reference: string) => void
  /** The image stays, under its id or other names. */
  'image.untagged': (imageId: string, reference: string) => void
  /** The image is gone. */
  'image.removed': (imageId: string) => void
}
