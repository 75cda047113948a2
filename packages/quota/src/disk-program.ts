import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { abortError, type ErrorCode, hasErrno, PouchError, throwIfAborted } from '@pouch/errors'
import { type Step, thrownError } from './step-error.js'

/** A program that makes, checks or resizes a filesystem. */
export interface DiskProgram {
  /** Its name; it is looked for where the system keeps its programs, never along `PATH`. */
  readonly program: 'mkfs.ext4' | 'mkfs.xfs' | 'e2fsck' | 'resize2fs' | 'e2image'
  readonly args: readonly string[]
  /** Exit codes that are no failure; 0 unless given. */
  readonly accepts?: readonly number[] | undefined
  /** What another exit code says about the filesystem; `internal` unless given. */
  readonly failure?: ErrorCode | undefined
  readonly signal?: AbortSignal | undefined
  /** An open file that is locked for this work: the program has it too, so that the lock holds as long as it runs, whatever becomes of us. */
  readonly locked?: FileHandle | undefined
}

/** Where the system keeps its programs. */
export const programFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']
const wordsLimitChars = 8192
const packages = {
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  e2fsck: 'e2fsprogs',
  resize2fs: 'e2fsprogs',
  e2image: 'e2fsprogs',
  fsfreeze: 'util-linux',
} as const

/**
 * Runs a program without a shell.
 *
 * @returns its exit code, one of those accepted
 * @throws PouchError `unsupported` when it is not installed; `aborted` when the signal fires, which kills it; `internal` with its
 *   exit code and its words in `details` otherwise
 */
export async function runDiskProgram(run: DiskProgram, step: Step): Promise<number> {
  return (await ended(run, step)).exitCode
}

/** What a program says. @throws what {@link runDiskProgram} throws */
export async function askDiskProgram(run: DiskProgram, step: Step): Promise<string> {
  return (await ended(run, step)).words
}

interface Ended {
  readonly exitCode: number
  readonly words: string
}

async function ended(run: DiskProgram, step: Step): Promise<Ended> {
  const { program, args, accepts = [0], failure = 'internal', signal, locked } = run
  throwIfAborted(signal, step)
  const path = await findProgram(program, step)
  const child = spawn(path, args, {
    cwd: '/',
    env: { LC_ALL: 'C', PATH: programFolders.join(':') },
    stdio: ['ignore', 'pipe', 'pipe', ...(locked === undefined ? [] : [locked.fd])],
  })
  const words = collectWords(child)
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    if (code !== null && accepts.includes(code)) return { exitCode: code, words: words() }
    if (signal?.aborted === true) throw abortError(signal, step)
    const details = { program, exitCode: code, signal: killedBy, words: words() }
    const message = `cannot ${step.what}: ${program} ended with ${killedBy ?? `exit code ${code}`}: ${words() || 'it gave no reason'}`
    throw new PouchError(failure, message, { op: step.op, subject: step.subject, details })
  } catch (error) {
    throw thrownError(error, step)
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

/** The path of a program. @throws PouchError `unsupported` when it is not installed */
export async function findProgram(program: keyof typeof packages, step: Step): Promise<string> {
  for (const folder of programFolders) {
    const path = join(folder, program)
    try {
      await access(path, constants.X_OK)
      return path
    } catch (error) {
      if (!hasErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw thrownError(error, step)
    }
  }
  const name = packages[program]
  const message = `cannot ${step.what}: the program ${program} is not installed; on Debian it comes with ${name}`
  throw new PouchError('unsupported', message, { op: step.op, subject: step.subject, details: { program } })
}

/** The end of what a program said, where its reason is. */
function collectWords(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-wordsLimitChars)
    })
  }
  return () => text.trim()
}
