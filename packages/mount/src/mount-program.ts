import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { abortError, hasErrno, PouchError, throwIfAborted } from '@pouch/errors'
import { errnoOfStderr } from './errno-of-stderr.js'
import { type FailedCall, mountError } from './mount-error.js'

/** A program of the system that does what a system call may not do in this process, because it may hang. */
export interface ProgramRun extends FailedCall {
  /** `mount`, `umount` or `mkfifo`; an absolute path or a name in the system's folders. */
  readonly program: string
  readonly args: readonly string[]
  /** Paths and sources in {@link args}, which the program repeats in its messages. */
  readonly names: readonly string[]
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const stderrLimitChars = 8192
const afterKillMs = 500
const lastWordsMs = 100

/**
 * Runs mount(8), umount(8) or mkfifo(1) without a shell, and its helpers (`mount.nfs`) in a process group of their own, which is
 * killed at the deadline.
 *
 * @throws PouchError with the errno that the program's words stand for; `timeout` at the deadline (the outcome is unknown);
 *   `aborted` when the signal fires; `unsupported` when the program is not installed
 */
export async function runProgram(run: ProgramRun): Promise<void> {
  throwIfAborted(run.signal, run)
  const child = spawn(run.program, run.args, {
    cwd: '/',
    detached: true,
    env: { PATH: path, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const words = collectWords(child)
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const done = new AbortController()
  try {
    const [status, killedBy] = await Promise.race([exit, interruption(run, done.signal)])
    const text = await words(status === 0)
    if (status !== 0) throw exitError(run, status ?? killedBy, text)
  } catch (error) {
    if (child.pid === undefined) throw startError(run, error)
    await killGroup(child, child.pid, exit)
    throw error
  } finally {
    done.abort()
  }
}

/** Rejects at the deadline or when the caller's signal fires, and for nobody once `done` has. */
async function interruption(run: ProgramRun, done: AbortSignal): Promise<never> {
  const { what, deadlineMs, signal } = run
  const signals = signal === undefined ? [done] : [done, signal]
  try {
    await delay(deadlineMs, undefined, { signal: AbortSignal.any(signals) })
  } catch (error) {
    throw signal?.aborted ? abortError(signal, run) : error
  }
  const message = `${what}: no answer in ${deadlineMs} ms, and ${run.program} was killed; whether it took effect is unknown`
  throw new PouchError('timeout', message, { op: run.op, subject: run.subject, details: { deadlineMs } })
}

/** A process that waits for a dead device cannot be killed: after a moment it is left to the kernel. */
async function killGroup(child: ChildProcess, pid: number, exit: Promise<unknown>): Promise<void> {
  child.stderr?.destroy()
  if (child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!hasErrno(error, 'ESRCH')) throw error
  }
  await Promise.race([exit, delay(afterKillMs)])
  child.unref()
}

/** Keeps the first of what the program says. A helper that lives on (FUSE) may hold the pipe open: it is not waited for. */
function collectWords(child: ChildProcess): (enough: boolean) => Promise<string> {
  let text = ''
  const { stderr } = child
  if (stderr === null) return async () => text
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < stderrLimitChars) text += chunk
  })
  const closed = once(stderr, 'close')
  return async (enough) => {
    if (!enough) await Promise.race([closed, delay(lastWordsMs)])
    stderr.destroy()
    return text.trim()
  }
}

function exitError(run: ProgramRun, status: number | string | null, words: string): PouchError {
  const { op, what, subject, program } = run
  const errno = errnoOfStderr(words, run.names)
  const details = { program, status, words, ...run.details }
  if (errno !== undefined)
    return mountError(errno, { op, what, subject, details, words: words.split('\n', 1).join('') })
  const message = `${what}: ${program} ended with ${status}: ${words === '' ? 'it gave no reason' : words}`
  return new PouchError('internal', message, { op, subject, details })
}

function startError({ op, what, subject, program }: ProgramRun, cause: unknown): PouchError {
  if (!hasErrno(cause, 'ENOENT'))
    return PouchError.from(cause, { op, subject, message: `${what}: ${program} cannot be run` })
  const message = `${what}: the program ${program} is not installed; on Debian it comes with mount or coreutils`
  return new PouchError('unsupported', message, { op, subject, details: { program }, cause })
}
