import type { Descriptor } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import { isContentDigest } from './digest.js'
import { isJsonObject, isStringRecord, type JsonObject, malformed, parseJsonObject } from './json-document.js'
import { isConfigType, isIndexType, isLayerType, isManifestType } from './media-types.js'
import type { Platform } from './platform.js'

/** The manifest of one image: its configuration and its layers, lowest first. */
export interface ImageManifest {
  readonly kind: 'manifest'
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** A list of manifests, one a platform. */
export interface ImageIndex {
  readonly kind: 'index'
  readonly manifests: readonly IndexEntry[]
}

/** One manifest of an {@link ImageIndex}. */
export interface IndexEntry extends Descriptor {
  readonly platform: Platform | undefined
}

/** What is read whole into memory (manifests, configurations) may be this large. */
export const maxDocumentBytes = 4 * 1024 * 1024
const maxLayers = 1024
const maxEntries = 4096

/**
 * Reads a manifest or an index that somebody else made.
 *
 * @param mediaType what its descriptor or the registry calls it
 * @param what names it in errors
 * @throws PouchError `invalid-argument`, or `unsupported` for things that are not container images
 */
export function parseManifest(bytes: Uint8Array, mediaType: string, what: string): ImageManifest | ImageIndex {
  const document = parseJsonObject(bytes, what)
  const type = checkedType(document, mediaType, what)
  if (document.schemaVersion !== 2)
    throw malformed(what, `its schemaVersion is ${JSON.stringify(document.schemaVersion)}, not 2`)
  if (isIndexType(type)) return parseIndex(document, what)
  if (isManifestType(type)) return parseImageManifest(document, what)
  throw new PouchError('unsupported', `${what} is of the type ${type || 'unknown'}, which is not a container image`, {
    op: 'image.parse',
    subject: what,
  })
}

// A document that reads as an index to one program and as a manifest to another is an attack, never an accident.
function checkedType(document: JsonObject, mediaType: string, what: string): string {
  const own = document.mediaType
  if (own !== undefined && typeof own !== 'string') throw malformed(what, 'its mediaType is not a string')
  const isKnown = isIndexType(mediaType) || isManifestType(mediaType)
  if (own !== undefined && isKnown && own !== mediaType) {
    throw malformed(what, `it calls itself ${own} and was announced as ${mediaType}`)
  }
  if (document.manifests !== undefined && (document.layers !== undefined || document.config !== undefined)) {
    throw malformed(what, 'it is a manifest and an index at once')
  }
  if (isKnown) return mediaType
  return own ?? mediaType
}

function parseIndex(document: JsonObject, what: string): ImageIndex {
  const { manifests } = document
  if (!Array.isArray(manifests)) throw malformed(what, 'it has no list of manifests')
  if (manifests.length > maxEntries) throw malformed(what, `it lists more than ${maxEntries} manifests`)
  return { kind: 'index', manifests: manifests.map((each: unknown) => parseEntry(each, what)) }
}

function parseEntry(value: unknown, what: string): IndexEntry {
  const descriptor = parseDescriptor(value, what)
  const platform = isJsonObject(value) ? value.platform : undefined
  if (!isJsonObject(platform)) return { ...descriptor, platform: undefined }
  const { os, architecture, variant } = platform
  if (typeof os !== 'string' || typeof architecture !== 'string') return { ...descriptor, platform: undefined }
  return { ...descriptor, platform: { os, architecture, variant: typeof variant === 'string' ? variant : undefined } }
}

function parseImageManifest(document: JsonObject, what: string): ImageManifest {
  const config = parseDescriptor(document.config, what)
  if (!isConfigType(config.mediaType)) {
    throw new PouchError('unsupported', `${what} holds a ${config.mediaType}, which is not a container image`, {
      op: 'image.parse',
      subject: what,
    })
  }
  if (config.size > maxDocumentBytes)
    throw malformed(what, `its configuration is larger than ${maxDocumentBytes} bytes`)
  if (!Array.isArray(document.layers)) throw malformed(what, 'it has no list of layers')
  if (document.layers.length > maxLayers) throw malformed(what, `it has more than ${maxLayers} layers`)
  const layers = document.layers.map((each: unknown) => parseDescriptor(each, what))
  const odd = layers.find((each) => !isLayerType(each.mediaType))
  if (odd === undefined) return { kind: 'manifest', config, layers }
  throw new PouchError('unsupported', `${what} has a layer of the type ${odd.mediaType}, which cannot be unpacked`, {
    op: 'image.parse',
    subject: what,
  })
}

/** Reads a descriptor that somebody else made. @throws PouchError `invalid-argument` */
export function parseDescriptor(value: unknown, what: string): Descriptor {
  if (!isJsonObject(value)) throw malformed(what, 'a descriptor is missing or not an object')
  const { mediaType, digest, size, annotations } = value
  if (typeof mediaType !== 'string' || mediaType === '' || mediaType.length > 255)
    throw malformed(what, 'a descriptor has no mediaType')
  if (!isContentDigest(digest))
    throw malformed(what, `a descriptor has the digest ${String(digest).slice(0, 150)}, which is not sha256`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(what, `the descriptor of ${digest} has the size ${JSON.stringify(size)}`)
  }
  return { mediaType, digest, size, ...(isStringRecord(annotations) ? { annotations } : {}) }
}
