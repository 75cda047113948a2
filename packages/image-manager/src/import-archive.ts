import type { Descriptor } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import { peek, refused } from './compression.js'
import { DiffIdTap } from './diff-id-tap.js'
import { layerType, writeManifest } from './docker-archive.js'
import type { ImageRunConfig, OciImageConfig } from './image-config.js'
import type { ImagePublisher } from './image-publisher.js'
import type { ImageWork } from './image-work.js'
import { applyChanges } from './import-changes.js'
import { mediaTypes } from './media-types.js'
import { hostPlatform, type Platform, parsePlatform } from './platform.js'
import { byteProgress, type ProgressListener } from './progress.js'
import { parseReference, type Reference } from './reference.js'
import type { StoredImage } from './stored-image.js'

/** Options of an import. */
export interface ImportOptions {
  /** The image's name; it has only an id without one. */
  readonly reference?: string | undefined
  /** The image's comment; `Imported from -` unless told. */
  readonly message?: string | undefined
  /** Dockerfile lines that make its configuration: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR. */
  readonly changes?: readonly string[] | undefined
  /** `linux/arm64`; this host's unless told. */
  readonly platform?: string | undefined
  readonly onProgress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Stores a root file system as an image of one layer and publishes it. The layer is stored as it came.
 *
 * @throws PouchError `invalid-argument`, `unsupported`
 */
export async function importArchive(
  source: AsyncIterable<Uint8Array>,
  work: ImageWork,
  publisher: ImagePublisher,
  options: ImportOptions,
): Promise<StoredImage> {
  const settings = checked(options)
  const peeked = await peek(source)
  if (peeked.compression !== 'none' && peeked.compression !== 'gzip') throw refused(peeked.compression)
  const tap = new DiffIdTap(peeked)
  const progress = byteProgress(options.onProgress, { id: '', status: 'Importing', total: 0 })
  const layer = await work.write(tap.through(), { onProgress: progress })
  const descriptor = { mediaType: layerType(peeked.compression), digest: layer.digest, size: layer.sizeBytes }
  const image = await storeImage(descriptor, tap.digest(), settings, work)
  const { sizeBytes } = await publisher.unpack(image, work)
  const names = image.references.map((each) => each.canonical)
  await publisher.name([{ image, sizeBytes, names }], work)
  return image
}

interface ImportSettings {
  readonly references: readonly Reference[]
  readonly comment: string
  readonly config: ImageRunConfig
  readonly platform: Platform
}

// Before the first byte is read: a mistake must not cost an upload.
function checked(options: ImportOptions): ImportSettings {
  const references =
    options.reference === undefined || options.reference === '' ? [] : [parseReference(options.reference)]
  if (references.some((each) => each.digest !== undefined)) {
    throw new PouchError('invalid-argument', 'cannot import digest reference', {
      op: 'image.import',
      subject: options.reference,
    })
  }
  return {
    references,
    comment: options.message === undefined || options.message === '' ? 'Imported from -' : options.message,
    config: applyChanges(options.changes ?? []),
    platform:
      options.platform === undefined || options.platform === '' ? hostPlatform() : parsePlatform(options.platform),
  }
}

async function storeImage(
  layer: Descriptor,
  diffId: string,
  settings: ImportSettings,
  work: ImageWork,
): Promise<StoredImage> {
  const created = new Date().toISOString()
  const { os, architecture, variant } = settings.platform
  const config: OciImageConfig = {
    architecture,
    ...(variant === undefined ? {} : { variant }),
    os,
    created,
    comment: settings.comment,
    config: settings.config,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment: settings.comment }],
  }
  const configFile = await work.writeDocument(Buffer.from(JSON.stringify(config)))
  const manifest = await writeManifest(configFile, [layer], work)
  return {
    id: configFile.digest,
    config,
    configBytes: configFile.sizeBytes,
    manifest: manifest.digest,
    target: { mediaType: mediaTypes.dockerManifest, digest: manifest.digest, size: manifest.sizeBytes },
    layers: [layer],
    references: settings.references,
  }
}
