import { type Archive, describe, type StoredFile } from './archive.js'
import type { Compression } from './compression.js'
import { parseImageConfig } from './image-config.js'
import type { ImageWork } from './image-work.js'
import { isJsonObject, isStringArray, malformed, parseJson } from './json-document.js'
import { contentRef } from './labels.js'
import { mediaTypes } from './media-types.js'
import { parseReference, type Reference } from './reference.js'
import type { StoredImage } from './stored-image.js'
import { archivePath } from './tar-entries.js'

/** One image of `manifest.json`. */
export interface ArchivedImage {
  readonly config: string
  readonly references: readonly Reference[]
  readonly layers: readonly string[]
}

const what = 'manifest.json of the archive'
const maxImages = 1000

/** Reads the `manifest.json` of `docker save`. @throws PouchError `invalid-argument` */
export function parseArchiveManifest(bytes: Uint8Array): readonly ArchivedImage[] {
  const value = parseJson(bytes, what)
  if (!Array.isArray(value) || value.length > maxImages) throw malformed(what, 'it is not a list of images')
  return value.map(parseArchivedImage)
}

function parseArchivedImage(value: unknown): ArchivedImage {
  if (!isJsonObject(value)) throw malformed(what, 'an image is not an object')
  const { Config: config, RepoTags: tags, Layers: layers } = value
  if (typeof config !== 'string') throw malformed(what, 'an image names no Config')
  if (tags !== undefined && tags !== null && !isStringArray(tags))
    throw malformed(what, 'RepoTags is not a list of names')
  if (layers !== undefined && layers !== null && !isStringArray(layers))
    throw malformed(what, 'Layers is not a list of paths')
  return {
    config: archivePath(config),
    references: (tags ?? []).map(parseReference),
    layers: (layers ?? []).map(archivePath),
  }
}

/**
 * Makes a manifest for each image of a `docker save` archive: the archive has none of its own.
 *
 * @throws PouchError `invalid-argument`
 */
export async function imagesOfDockerArchive(
  archive: Archive,
  manifest: Uint8Array,
  work: ImageWork,
): Promise<StoredImage[]> {
  const images: StoredImage[] = []
  for (const each of parseArchiveManifest(manifest)) images.push(await storeImage(archive, each, work))
  return images
}

async function storeImage(archive: Archive, image: ArchivedImage, work: ImageWork): Promise<StoredImage> {
  const configFile = archive.file(image.config)
  const config = parseImageConfig(await work.read(configFile.digest), `${image.config} of the archive`)
  const files = image.layers.map((path) => archive.file(path))
  if (files.length !== config.rootfs.diff_ids.length) {
    throw malformed(
      'the archive',
      `it has ${files.length} layers where its configuration has ${config.rootfs.diff_ids.length}`,
    )
  }
  const layers = files.map((file) => describe(file, layerType(file.compression)))
  const manifest = await writeManifest(configFile, layers, work)
  return {
    id: configFile.digest,
    config,
    configBytes: configFile.sizeBytes,
    manifest: manifest.digest,
    target: { mediaType: mediaTypes.dockerManifest, digest: manifest.digest, size: manifest.sizeBytes },
    layers,
    references: image.references,
  }
}

/** Writes a Docker manifest that keeps its configuration and its layers. */
export async function writeManifest(
  config: Pick<StoredFile, 'digest' | 'sizeBytes'>,
  layers: readonly ReturnType<typeof describe>[],
  work: ImageWork,
): Promise<{ digest: string; sizeBytes: number }> {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig, size: config.sizeBytes, digest: config.digest },
    layers: layers.map(({ mediaType, size, digest }) => ({ mediaType, size, digest })),
  }
  return work.writeDocument(Buffer.from(JSON.stringify(document)), { labels: manifestRefs(config.digest, layers) })
}

/** The labels that make a manifest keep what it names. */
export function manifestRefs(config: string, layers: readonly { readonly digest: string }[]): Record<string, string> {
  const refs = layers.map((each, index) => [contentRef(`l.${index}`), each.digest])
  return { [contentRef('config')]: config, ...Object.fromEntries(refs) }
}

/** The media type of a layer that is compressed so. */
export function layerType(compression: Compression): string {
  if (compression === 'gzip') return mediaTypes.dockerLayerGzip
  return compression === 'zstd' ? mediaTypes.ociLayerZstd : mediaTypes.dockerLayer
}
