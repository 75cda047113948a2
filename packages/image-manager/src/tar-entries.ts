import { isPouchError, PouchError } from '@pouch/errors'
import { extract, type Header } from 'tar-stream'

/** A file of a tar archive. Its body is read before the next entry is asked for, or skipped. */
export interface TarEntry {
  /** Its path from the archive's root, without `./` and never outside. */
  readonly path: string
  readonly type: 'file' | 'link' | 'other'
  readonly sizeBytes: number
  /** Where a symbolic or a hard link points to, from the archive's root. */
  readonly linkPath: string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

const maxPathLength = 1024

/**
 * The entries of a tar archive that somebody else made, as they come. Leaving the loop lets go of the source.
 *
 * @throws PouchError `invalid-argument` for damaged archives and for names that lead outside
 */
export async function* tarEntries(source: AsyncIterable<Uint8Array>): AsyncIterable<TarEntry> {
  const unpack = extract()
  const feeding = feed(source, unpack)
  // Its failure is thrown at the end, unless the entries have shown it by then.
  feeding.catch(() => undefined)
  try {
    for await (const entry of unpack) {
      const body = entry[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
      yield toEntry(entry.header, bodyOf(body))
      // What the caller left of it: the next header comes behind.
      while ((await body.next()).done !== true);
    }
  } catch (error) {
    throw damagedTar(error)
  } finally {
    unpack.destroy(null)
    await feeding.catch(() => undefined)
  }
  await feeding.catch((error: unknown) => {
    throw damagedTar(error)
  })
}

/**
 * A path inside an archive, in one spelling.
 *
 * @throws PouchError `invalid-argument` when it leads outside
 */
export function archivePath(name: string): string {
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) throw badName(name, 'it leads outside the archive')
  }
  if (name.startsWith('/')) throw badName(name, 'it is absolute')
  if (name.includes('\0')) throw badName(name, 'it has a NUL character')
  if (name.length > maxPathLength) throw badName(name, `it is longer than ${maxPathLength} characters`)
  return parts.join('/')
}

function toEntry(header: Header, body: AsyncIterable<Uint8Array>): TarEntry {
  const { name, type, size, linkname } = header
  const path = archivePath(name)
  const sizeBytes = checkedSize(size, path)
  if ((type !== 'symlink' && type !== 'link') || typeof linkname !== 'string') {
    const isFile = type === 'file' || type === 'contiguous-file'
    return { path, type: isFile ? 'file' : 'other', sizeBytes, linkPath: undefined, body }
  }
  const folder = type === 'symlink' ? path.split('/').slice(0, -1).join('/') : ''
  const linkPath = linkname.startsWith('/')
    ? archivePath(linkname)
    : archivePath(`${folder}/${linkname}`.replace(/^\//, ''))
  return { path, type: 'link', sizeBytes, linkPath, body }
}

function checkedSize(size: number, path: string): number {
  if (Number.isSafeInteger(size) && size >= 0) return size
  throw new PouchError('invalid-argument', `the archive says that ${path} has ${size} bytes`, {
    op: 'image.readTar',
    subject: path,
  })
}

// Leaving an entry's own iterator early would end the whole archive, so it is never told.
async function* bodyOf(body: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    for (let step = await body.next(); step.done !== true; step = await body.next()) yield step.value
  } catch (error) {
    throw damagedTar(error)
  }
}

async function feed(source: AsyncIterable<Uint8Array>, unpack: ReturnType<typeof extract>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    unpack.once('close', resolve)
  })
  try {
    for await (const chunk of source) {
      if (unpack.destroyed) return
      if (unpack.write(chunk)) continue
      await Promise.race([closed, new Promise<void>((resolve) => unpack.once('drain', resolve))])
    }
    unpack.end(undefined)
  } catch (error) {
    unpack.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

function badName(name: string, why: string): PouchError {
  return new PouchError('invalid-argument', `the archive has the name ${JSON.stringify(name.slice(0, 200))}: ${why}`, {
    op: 'image.readTar',
    subject: name.slice(0, 200),
  })
}

// Whatever is not ours comes from tar-stream, whose errors are all about the archive; system errors carry an errno.
function damagedTar(error: unknown): unknown {
  if (isPouchError(error) || !(error instanceof Error) || 'code' in error || error.name === 'AbortError') return error
  return new PouchError('invalid-argument', `the tar archive is damaged or ends too early: ${error.message}`, {
    op: 'image.readTar',
    cause: error,
  })
}
