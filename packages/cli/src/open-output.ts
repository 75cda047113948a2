import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import type { Io } from './io.js'

const deadly = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

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
 * device or a pipe, is written to as it is. A signal that ends the program leaves nothing of it either.
 *
 * @throws PouchError when it cannot be opened
 */
export async function openOutput(path: string, io: Io): Promise<OutputFile> {
  const file = resolve(io.cwd, path)
  try {
    const isDirect = await isSpecial(file)
    const working = isDirect ? file : `${file}.${randomBytes(4).toString('hex')}.part`
    const handle = await open(working, isDirect ? 'w' : 'wx')
    return fileOf(handle, { path, file, working: isDirect ? undefined : working })
  } catch (error) {
    throw failure(error, path)
  }
}

interface Names {
  /** As it was given. */
  readonly path: string
  readonly file: string
  /** Until it is whole; `undefined` for what is written to as it is. */
  readonly working: string | undefined
}

function fileOf(handle: FileHandle, { path, file, working }: Names): OutputFile {
  const ignoreSignals = working === undefined ? () => undefined : removeOnSignal(working)
  const attempt = (work: () => Promise<void>) =>
    work().catch((error: unknown) => {
      throw failure(error, path)
    })
  return {
    write: (bytes) => attempt(() => writeAll(handle, bytes)),
    finish: () =>
      attempt(async () => {
        if (working !== undefined) await handle.sync()
        await handle.close()
        if (working !== undefined) await rename(working, file)
        ignoreSignals()
      }),
    discard: () =>
      attempt(async () => {
        await handle.close()
        if (working !== undefined) await rm(working, { force: true })
        ignoreSignals()
      }),
  }
}

/** Has a file removed before a signal ends the program. @returns what undoes that */
function removeOnSignal(file: string): () => void {
  const undo = () => {
    for (const signal of deadly) process.off(signal, remove)
  }
  const remove = (signal: NodeJS.Signals) => {
    rmSync(file, { force: true })
    undo()
    process.kill(process.pid, signal)
  }
  for (const signal of deadly) process.on(signal, remove)
  return undo
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
