import type { Descriptor } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import { type Compression, peek, plain } from './compression.js'
import { isContentDigest, shortId } from './digest.js'
import type { ImageWork } from './image-work.js'
import { malformed } from './json-document.js'
import { maxDocumentBytes } from './manifest.js'
import { byteProgress, type ProgressListener } from './progress.js'
import { type TarEntry, tarEntries } from './tar-entries.js'

/** A file of the archive that is now in the content store. */
export interface StoredFile {
  readonly digest: string
  readonly sizeBytes: number
  readonly compression: Compression
}

/** What an image archive holds, read in one pass. */
export interface Archive {
  /** `manifest.json`, `index.json` and `oci-layout`, as far as they are there. */
  readonly documents: ReadonlyMap<string, Uint8Array>
  /** A file by its path, through links. @throws PouchError `invalid-argument` when it is not there */
  file(path: string): StoredFile
  /** Whether a blob came with the archive. */
  has(digest: string): boolean
}

const documentNames = new Set(['manifest.json', 'index.json', 'oci-layout'])
const maxEntries = 20_000
const maxLinks = 16

/**
 * Reads an image archive (plain or gzip) into the content store, entry by entry. Nothing but the few documents is kept in
 * memory. What is stored is held by the work's lease only.
 *
 * @throws PouchError `invalid-argument`, `unsupported`, `corrupt`
 */
export async function readArchive(
  source: AsyncIterable<Uint8Array>,
  work: ImageWork,
  onProgress?: ProgressListener,
): Promise<Archive> {
  const documents = new Map<string, Uint8Array>()
  const files = new Map<string, StoredFile>()
  const links = new Map<string, string>()
  let entries = 0
  for await (const entry of tarEntries(plain(await peek(source)))) {
    entries += 1
    if (entries > maxEntries) throw malformed('the archive', `it has more than ${maxEntries} entries`)
    if (entry.type === 'link' && entry.linkPath !== undefined) links.set(entry.path, entry.linkPath)
    if (entry.type !== 'file') continue
    if (documentNames.has(entry.path)) documents.set(entry.path, await readDocument(entry))
    else if (!isLegacyNote(entry.path)) files.set(entry.path, await store(entry, work, onProgress))
  }
  const digests = new Set([...files.values()].map((each) => each.digest))
  return { documents, file: (path) => follow(path, files, links), has: (digest) => digests.has(digest) }
}

/** A descriptor of a stored file. */
export function describe(file: StoredFile, mediaType: string): Descriptor {
  return { mediaType, digest: file.digest, size: file.sizeBytes }
}

// What image archives of the first format kept beside each layer, and nobody reads.
function isLegacyNote(path: string): boolean {
  return path === 'repositories' || /^[a-f0-9]{64}\/(?:VERSION|json)$/.test(path)
}

async function readDocument(entry: TarEntry): Promise<Uint8Array> {
  if (entry.sizeBytes > maxDocumentBytes)
    throw malformed(`${entry.path} of the archive`, `it is larger than ${maxDocumentBytes} bytes`)
  const chunks: Uint8Array[] = []
  for await (const chunk of entry.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function store(entry: TarEntry, work: ImageWork, onProgress?: ProgressListener): Promise<StoredFile> {
  const digest = digestOfPath(entry.path)
  const id = digest === undefined ? entry.path.slice(0, 12) : shortId(digest)
  const { compression, body } = await peek(entry.body)
  const progress = byteProgress(onProgress, { id, status: 'Loading layer', total: entry.sizeBytes })
  const { sizeBytes, digest: actual } = await work.write(body, {
    digest,
    sizeBytes: entry.sizeBytes,
    onProgress: progress,
  })
  return { digest: actual, sizeBytes, compression }
}

// Only a blob's path promises a digest.
function digestOfPath(path: string): string | undefined {
  const digest = path.replace(/^blobs\/sha256\//, 'sha256:')
  return isContentDigest(digest) ? digest : undefined
}

function follow(path: string, files: ReadonlyMap<string, StoredFile>, links: ReadonlyMap<string, string>): StoredFile {
  let current: string | undefined = path
  for (let hops = 0; hops <= maxLinks && current !== undefined; hops += 1) {
    const file = files.get(current)
    if (file !== undefined) return file
    current = links.get(current)
  }
  throw new PouchError('invalid-argument', `the archive lacks ${path}, which its manifest names: it is not complete`, {
    op: 'image.load',
    subject: path,
  })
}
