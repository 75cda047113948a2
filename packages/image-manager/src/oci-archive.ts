import type { Descriptor } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import type { Archive } from './archive.js'
import { shortId } from './digest.js'
import { manifestRefs, parseArchiveManifest } from './docker-archive.js'
import { parseImageConfig } from './image-config.js'
import type { ImageWork } from './image-work.js'
import { malformed } from './json-document.js'
import { contentRef } from './labels.js'
import { type ImageIndex, type ImageManifest, type IndexEntry, parseManifest } from './manifest.js'
import { isIndexType, mediaTypes } from './media-types.js'
import { hostPlatform } from './platform.js'
import { fittingEntries } from './platform-choice.js'
import { parseReference, type Reference } from './reference.js'
import type { StoredImage } from './stored-image.js'

/**
 * The images of an OCI image layout. Names are taken from the annotations of `index.json`, or, where it has none, from a
 * `manifest.json` beside it, as `docker save` writes both.
 *
 * @throws PouchError `invalid-argument`
 */
export async function imagesOfOciArchive(
  archive: Archive,
  indexBytes: Uint8Array,
  work: ImageWork,
): Promise<StoredImage[]> {
  const index = parseManifest(indexBytes, mediaTypes.ociIndex, 'index.json of the archive')
  if (index.kind !== 'index') throw malformed('index.json of the archive', 'it is not an index')
  const named = namesByConfig(archive)
  const images = new Map<string, StoredImage>()
  for (const entry of fittingFirst(index)) {
    const image = await storeEntry(archive, entry, work)
    if (image === undefined) continue
    const references = referencesOf(entry) ?? named.get(image.id) ?? []
    const known = images.get(image.target.digest)
    images.set(image.target.digest, { ...image, references: [...(known?.references ?? []), ...references] })
  }
  if (images.size === 0) throw malformed('the archive', 'it holds no image that is whole')
  return [...images.values()]
}

// Notes about images (signatures, attestations) are not images.
function fittingFirst(index: ImageIndex): readonly IndexEntry[] {
  return index.manifests.filter(
    (each) => each.platform?.os !== 'unknown' && each.annotations?.['vnd.docker.reference.type'] === undefined,
  )
}

async function storeEntry(archive: Archive, entry: IndexEntry, work: ImageWork): Promise<StoredImage | undefined> {
  const document = await readManifest(archive, entry, work)
  if (document.kind === 'manifest') return storeManifest(archive, entry, entry, document, work)
  const chosen = await chooseStored(archive, document, work)
  if (chosen === undefined) return undefined
  const manifest = await readManifest(archive, chosen, work)
  if (manifest.kind === 'index') throw malformed(entry.digest, 'it is an index of indexes')
  await work.label(entry.digest, { [contentRef(`m.${shortId(chosen.digest)}`)]: chosen.digest })
  return storeManifest(archive, entry, chosen, manifest, work)
}

// `docker save` writes the whole index and the blobs of one platform: what is there decides, this host's platform first.
async function chooseStored(archive: Archive, index: ImageIndex, work: ImageWork): Promise<IndexEntry | undefined> {
  const others = fittingFirst(index)
  for (const entry of new Set([...fittingEntries(index, hostPlatform()), ...others])) {
    if (archive.has(entry.digest) || (await work.holdContent(entry.digest))) return entry
  }
  return undefined
}

async function storeManifest(
  archive: Archive,
  target: Descriptor,
  descriptor: Descriptor,
  manifest: ImageManifest,
  work: ImageWork,
): Promise<StoredImage> {
  for (const blob of [manifest.config, ...manifest.layers]) await assertStored(archive, blob, work)
  const config = parseImageConfig(
    await work.read(manifest.config.digest),
    `the configuration ${manifest.config.digest}`,
  )
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw malformed(
      descriptor.digest,
      `it has ${manifest.layers.length} layers where its configuration has ${config.rootfs.diff_ids.length}`,
    )
  }
  await work.label(descriptor.digest, manifestRefs(manifest.config.digest, manifest.layers))
  return {
    id: manifest.config.digest,
    config,
    configBytes: manifest.config.size,
    manifest: descriptor.digest,
    target: { mediaType: target.mediaType, digest: target.digest, size: target.size },
    layers: manifest.layers,
    references: [],
  }
}

async function readManifest(
  archive: Archive,
  descriptor: Descriptor,
  work: ImageWork,
): Promise<ImageManifest | ImageIndex> {
  await assertStored(archive, descriptor, work)
  const kind = isIndexType(descriptor.mediaType) ? 'index' : 'manifest'
  return parseManifest(await work.read(descriptor.digest), descriptor.mediaType, `the ${kind} ${descriptor.digest}`)
}

async function assertStored(archive: Archive, descriptor: Descriptor, work: ImageWork): Promise<void> {
  if (archive.has(descriptor.digest) || (await work.holdContent(descriptor.digest))) return
  throw new PouchError(
    'invalid-argument',
    `the archive lacks the blob ${descriptor.digest}, which its index names: it is not complete`,
    {
      op: 'image.load',
      subject: descriptor.digest,
    },
  )
}

function referencesOf(entry: IndexEntry): readonly Reference[] | undefined {
  const full = entry.annotations?.['io.containerd.image.name']
  if (full !== undefined) return [parseReference(full)]
  const name = entry.annotations?.['org.opencontainers.image.ref.name']
  // A name of this annotation may be a mere tag, which names no repository.
  return name === undefined || !/[/:]/.test(name) ? undefined : [parseReference(name)]
}

function namesByConfig(archive: Archive): ReadonlyMap<string, readonly Reference[]> {
  const manifest = archive.documents.get('manifest.json')
  if (manifest === undefined) return new Map()
  return new Map(parseArchiveManifest(manifest).map((each) => [archive.file(each.config).digest, each.references]))
}
