import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync } from 'node:fs'
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
 * @param mode the permissions of the file, as far as the umask leaves them
 * @throws PouchError when it cannot be opened
 */
export async function openOutput(path: string, io: Io, mode = 0o666): Promise<OutputFile> {
  const file = resolve(io.cwd, path)
  try {
    if (await isSpecial(file)) return directFile(await open(file, 'w'), { path, file })
    return workingFile(await openWorking(`${file}.${randomBytes(4).toString('hex')}.part`, mode), { path, file })
  } catch (error) {
    throw failure(error, path)
  }
}

interface Names {
  /** As it was given. */
  readonly path: string
  readonly file: string
}

/** What a file is called until it is whole. */
interface Working {
  readonly name: string
  readonly handle: FileHandle
  readonly ignoreSignals: () => void
}

/** It is made with the signals watched, and in this thread: at no time is there a file that a signal would leave behind. */
async function openWorking(name: string, mode: number): Promise<Working> {
  const ignoreSignals = removeOnSignal(name)
  try {
    closeSync(openSync(name, 'wx', mode))
    return { name, handle: await open(name, 'r+'), ignoreSignals }
  } catch (error) {
    ignoreSignals()
    throw error
  }
}

function workingFile({ name, handle, ignoreSignals }: Working, { path, file }: Names): OutputFile {
  const attempt = attemptOn(path)
  return {
    write: (bytes) => attempt(() => writeAll(handle, bytes)),
    finish: () =>
      attempt(async () => {
        await handle.sync()
        await handle.close()
        await rename(name, file)
        ignoreSignals()
      }),
    discard: () =>
      attempt(async () => {
        await handle.close()
        await rm(name, { force: true })
        ignoreSignals()
      }),
  }
}

function directFile(handle: FileHandle, { path }: Names): OutputFile {
  const attempt = attemptOn(path)
  const close = () => attempt(() => handle.close())
  return { write: (bytes) => attempt(() => writeAll(handle, bytes)), finish: close, discard: close }
}

function attemptOn(path: string): (work: () => Promise<void>) => Promise<void> {
  return (work) =>
    work().catch((error: unknown) => {
      throw failure(error, path)
    })
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
