import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import type { Io } from './io.js'

/** A file that is being written. */
export interface OutputFile {
  write(bytes: Uint8Array): Promise<void>
  /** Says that it is whole. */
  finish(): Promise<void>
  /** Leaves nothing of it. */
  discard(): Promise<void>
}

/**
 * Opens a file for writing. It has its name only once it is whole: until then, what was there before stays. What is no ordinary file, such as a
 * device or a pipe, is written to as it is.
 *
 * @throws PouchError when it cannot be opened
 */
export async function openOutput(path: string, io: Io): Promise<OutputFile> {
  const file = resolve(io.cwd, path)
  try {
    const isDirect = await isSpecial(file)
    const working = isDirect ? file : `${file}.${randomBytes(4).toString('hex')}.part`
    return fileOf(await open(working, isDirect ? 'w' : 'wx'), working, file, path)
  } catch (error) {
    throw failure(error, path)
  }
}

function fileOf(handle: FileHandle, working: string, file: string, path: string): OutputFile {
  const isDirect = working === file
  const attempt = (work: () => Promise<void>) =>
    work().catch((error: unknown) => {
      throw failure(error, path)
    })
  return {
    write: (bytes) => attempt(() => writeAll(handle, bytes)),
    finish: () =>
      attempt(async () => {
        if (!isDirect) await handle.sync()
        await handle.close()
        if (!isDirect) await rename(working, file)
      }),
    discard: () =>
      attempt(async () => {
        await handle.close()
        if (!isDirect) await rm(working, { force: true })
      }),
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < bytes.byteLength) offset += (await handle.write(bytes, offset)).bytesWritten
}

/** Whether something is there that is no ordinary file. */
async function isSpecial(file: string): Promise<boolean> {
  try {
    return !(await stat(file)).isFile()
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw error
  }
}

function failure(error: unknown, path: string): PouchError {
  return PouchError.from(error, { op: 'cli.write', subject: path, message: `cannot write ${path}` })
}
