import { type FileHandle, open, readFile, stat, unlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOfErrno, hasErrno, PouchError } from '@pouch/errors'

/** How long the lock of a process that is gone may outlive it. */
const lingerMs = 2000
const retryMs = 10

/** A lock that is held. */
export interface FileLock {
  /** Writes this process's pid into it; once it is certain that nobody else has what it protects. */
  nameOwner(): Promise<void>
  release(): Promise<void>
}

/** Locks a file without waiting: `false` when someone else has it. */
export type Flock = (fd: number) => boolean

/**
 * Takes `<path>.lock` for this process. The kernel drops the lock with the process, however that
 * ends. The file goes away on release; one that a crash has left behind does no harm.
 *
 * Without koffi, or where there is no flock, the file names the pid and does not lock: SQLite's own exclusive lock,
 * which the store takes as well, then keeps others out.
 *
 * @param loadFlock for tests of the other case
 * @throws PouchError `in-use` naming the process that has it
 */
export async function lockFile(path: string, loadFlock: () => Flock | undefined = loadKoffiFlock): Promise<FileLock> {
  const flock = loadFlock()
  const lockPath = `${path}.lock`
  for (;;) {
    const file = await openLock(lockPath)
    try {
      if (flock !== undefined && !(await hasLocked(file, flock, lockPath))) throw await inUse(path)
      if (await isStillThere(file, lockPath)) return heldLock(file, lockPath, flock !== undefined)
    } catch (error) {
      await file.close()
      throw error
    }
    // Its owner has removed the file between our open and our lock: the next one is a new file.
    await file.close()
  }
}

/** The error of a second opener. */
export async function inUse(path: string, cause?: unknown): Promise<PouchError> {
  const { pid, unread } = await ownerOf(`${path}.lock`)
  const owner = pid === undefined ? 'another process' : `process ${pid}`
  const why =
    unread === undefined ? '' : `; which one it is cannot be read from ${path}.lock (${unread.code ?? unread.message})`
  const message = `store.open: the SQLite store ${path} is open in ${owner}, and one process may have it at a time${why}`
  return new PouchError('in-use', message, {
    op: 'store.open',
    subject: path,
    details: pid === undefined ? {} : { pid },
    cause: cause ?? unread,
  })
}

/**
 * Locks a file. A process that was killed while it started a program lives on in that, for the moment until the program runs, and so does its
 * lock: only for an owner that is gone there is a wait.
 */
async function hasLocked(file: FileHandle, flock: Flock, lockPath: string): Promise<boolean> {
  const until = performance.now() + lingerMs
  while (!flock(file.fd)) {
    if (performance.now() > until || !(await isOwnerGone(lockPath))) return false
    await delay(retryMs)
  }
  return true
}

async function isOwnerGone(lockPath: string): Promise<boolean> {
  const { pid } = await ownerOf(lockPath)
  if (pid === undefined) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** The process that a lock names, if it names one; or why that cannot be read. */
async function ownerOf(lockPath: string): Promise<{ readonly pid?: number; readonly unread?: NodeJS.ErrnoException }> {
  try {
    const pid = Number.parseInt(await readFile(lockPath, 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 0 ? { pid } : {}
  } catch (error) {
    return hasErrno(error, 'ENOENT') ? {} : { unread: error as NodeJS.ErrnoException }
  }
}

function heldLock(file: FileHandle, lockPath: string, isLocked: boolean): FileLock {
  // Without a lock the file may be another one's, until we know better.
  let isOurs = isLocked
  return {
    async nameOwner() {
      await file.truncate()
      await file.write(`${process.pid}\n`)
      isOurs = true
    },
    async release() {
      try {
        if (isOurs && (await isStillThere(file, lockPath))) await unlink(lockPath)
      } finally {
        await file.close()
      }
    },
  }
}

async function openLock(lockPath: string): Promise<FileHandle> {
  try {
    return await open(lockPath, 'a+', 0o600)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? ''
    const message = `store.open: ${lockPath} cannot be made (${errno}); a store needs a directory that exists and can be written`
    throw new PouchError(codeOfErrno(errno), message, { op: 'store.open', subject: lockPath, cause })
  }
}

async function isStillThere(file: FileHandle, lockPath: string): Promise<boolean> {
  const held = await file.stat()
  const there = await stat(lockPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return there !== undefined && there.ino === held.ino && there.dev === held.dev
}

function loadKoffiFlock(): Flock | undefined {
  const exclusive = 2
  const withoutWaiting = 4
  let koffi: typeof import('koffi')['default']
  let flock: (fd: number, operation: number) => number
  try {
    // Not import(): on Node 20 what CommonJS throws below it is an unhandled rejection too.
    koffi = createRequire(import.meta.url)('koffi') as typeof koffi
    flock = koffi.load(null).func('int flock(int fd, int operation)') as typeof flock
  } catch {
    // No binary of koffi for this machine, or no flock in its C library.
    return undefined
  }
  return (fd) => {
    if (flock(fd, exclusive | withoutWaiting) === 0) return true
    const errno = koffi.errno()
    if (errno === koffi.os.errno.EWOULDBLOCK) return false
    throw new PouchError('internal', `store.open: flock failed with errno ${errno}`, {
      op: 'store.open',
      details: { errno },
    })
  }
}
