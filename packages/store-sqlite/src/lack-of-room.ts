import { type FileHandle, open, stat, unlink } from 'node:fs/promises'
import { errnoOf, hasErrno, PouchError } from '@pouch/errors'
import { isIoFailure } from './sqlite-error.js'

/** More than a page, so that what the failed write has left of a quota is not enough for it. */
const probeBytes = 256 * 1024

/**
 * What an I/O error of SQLite's is when the file system's quota or the process's limit of file sizes is used up. SQLite knows only
 * ENOSPC as a lack of room, and does not tell the errno of the rest: a file beside the store has to find out, as long as the largest of
 * the store's own. It stays an error after which the store is opened again, for nobody can tell which call has failed.
 *
 * @param error what {@link sqliteError} made of it
 * @returns the error, with the code `exhausted` and the way out when there is no room
 */
export async function withLackOfRoom(error: PouchError, path: string): Promise<PouchError> {
  if (!isIoFailure(error)) return error
  const lack = await lackOfRoom(path)
  if (lack === undefined) return error
  const text =
    `${error.op}: the SQLite store ${path} found no room (${lack}): raise the quota of its file system or the ` +
    'limit of file sizes (RLIMIT_FSIZE), or make room, and open the store again; nothing that was acknowledged is lost'
  return new PouchError('exhausted', text, { op: error.op, subject: path, cause: error.cause })
}

/** @returns the errno's name when a file beside the store finds no room; `undefined` when it does, or fails for another reason */
async function lackOfRoom(path: string): Promise<string | undefined> {
  try {
    const offset = Math.max(await sizeOf(path), await sizeOf(`${path}-wal`))
    const probe = `${path}.probe`
    const file = await open(probe, 'w', 0o600)
    try {
      // Whatever becomes of this process, it is gone with it.
      await unlink(probe)
      await writeAll(file, Buffer.alloc(probeBytes, 1), offset)
      await file.sync()
    } finally {
      await file.close()
    }
    return undefined
  } catch (error) {
    return hasErrno(error, 'EDQUOT', 'EFBIG', 'ENOSPC') && error instanceof Error ? errnoOf(error) : undefined
  }
}

/** A write that the limit cuts short is not an error yet: the next one is. */
async function writeAll(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return 0
    throw error
  }
}
