import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { type Step, thrownError } from './step-error.js'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants

/** The path without `.`, `..` and trailing slashes. @throws PouchError `invalid-argument` when it is relative or has a NUL */
export function absolutePath(path: string, op: string): string {
  if (typeof path === 'string' && isAbsolute(path) && !path.includes('\0')) return resolve(path)
  throw new PouchError('invalid-argument', `'${path}' is not an absolute path`, { op, subject: String(path) })
}

/** Opens a directory that is no symbolic link, hands it to `use`, and closes it. */
export async function withDirectory<T>(path: string, step: Step, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  return await withOpen(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, step, use)
}

/** The same for a directory or a file; a FIFO is opened without waiting for its writer. */
export async function withPath<T>(path: string, step: Step, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  return await withOpen(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, step, use)
}

/** Opens with flags, hands it to `use`, and closes it. A failure to open is the step's. */
export async function withOpen<T>(
  path: string,
  flags: number,
  step: Step,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(absolutePath(path, step.op), flags).catch((error: unknown) => {
    throw thrownError(error, step)
  })
  try {
    return await use(handle)
  } finally {
    await handle.close()
  }
}
