import { PouchError } from '@pouch/errors'
import { type Archive, readArchive } from './archive.js'
import { imagesOfDockerArchive } from './docker-archive.js'
import type { ImagePublisher, UnpackedImage } from './image-publisher.js'
import type { ImageWork } from './image-work.js'
import { imagesOfOciArchive } from './oci-archive.js'
import type { ProgressListener } from './progress.js'
import type { StoredImage } from './stored-image.js'

/** Reads an archive of images and publishes each of them. @returns them, in the archive's order */
export async function loadArchive(
  source: AsyncIterable<Uint8Array>,
  work: ImageWork,
  publisher: ImagePublisher,
  onProgress?: ProgressListener,
): Promise<readonly StoredImage[]> {
  const archive = await readArchive(source, work, onProgress)
  const images = await imagesOf(archive, work)
  const unpacked: UnpackedImage[] = []
  // All of them must unpack before the first one is seen.
  for (const image of images) {
    const { sizeBytes } = await publisher.unpack(image, work)
    unpacked.push({ image, sizeBytes, names: image.references.map((each) => each.canonical) })
  }
  await publisher.name(unpacked, work)
  return images
}

async function imagesOf(archive: Archive, work: ImageWork): Promise<readonly StoredImage[]> {
  const index = archive.documents.get('index.json')
  if (index !== undefined && archive.documents.has('oci-layout')) return imagesOfOciArchive(archive, index, work)
  const manifest = archive.documents.get('manifest.json')
  if (manifest !== undefined) return imagesOfDockerArchive(archive, manifest, work)
  throw new PouchError(
    'invalid-argument',
    'this is no archive of images: it has neither a manifest.json (docker save) nor an index.json with oci-layout (OCI); a root file system is imported instead',
    { op: 'image.load' },
  )
}
