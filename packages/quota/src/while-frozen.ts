import { PouchError, throwIfAborted } from '@pouch/errors'
import { freeze, thawOpen } from './freeze.js'
import type { QuotaCall } from './kernel.js'
import { absolutePath, withDirectory } from './open-path.js'
import { ThawGuardian } from './thaw-guardian.js'

/** How long a filesystem is frozen at most. */
export interface FrozenOptions extends QuotaCall {
  /** Milliseconds after which writers go on, whatever the work is at; 10 000 unless given. */
  readonly limitMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const defaultLimitMs = 10_000
/** The guardian's limit lies behind this process's own by as much. */
const graceMs = 1000

/**
 * Does something while nobody can write to a filesystem, and lets its writers go on afterwards, also when this process is killed meanwhile:
 * a process of its own stands by for that. Freeze only a filesystem that nobody else depends on, never one that this process writes to.
 *
 * @param path a directory of it, absolute
 * @param work gets a signal that fires at the limit, and when the caller's does
 * @throws PouchError `timeout` when the work was not done at the limit, and what it made is of no use; `in-use` when the filesystem is
 *   frozen by another; `unsupported` where it cannot be frozen, or fsfreeze(8) is not installed
 */
export async function whileFrozen<T>(
  path: string,
  work: (signal: AbortSignal) => Promise<T>,
  { limitMs = defaultLimitMs, signal, kernel }: FrozenOptions = {},
): Promise<T> {
  const absolute = absolutePath(path, 'quota.whileFrozen')
  const step = { op: 'quota.whileFrozen', what: `freeze the filesystem of ${absolute}`, subject: absolute }
  if (!Number.isFinite(limitMs) || limitMs <= 0 || limitMs > 2 ** 31 - 1 - graceMs) {
    throw new PouchError('invalid-argument', `cannot ${step.what}: ${limitMs} is not a number of milliseconds`, step)
  }
  throwIfAborted(signal, step)
  return await withDirectory(absolute, step, async (directory) => {
    const guardian = await ThawGuardian.start(absolute, limitMs + graceMs, step)
    try {
      await freeze(absolute, { kernel })
      const thawNow = () => thawOpen(directory, step, { kernel })
      return await workUntil({ limitMs, path: absolute, signal, thawNow }, work)
    } finally {
      await guardian.dismiss()
    }
  })
}

interface FrozenWork {
  readonly limitMs: number
  readonly path: string
  readonly signal: AbortSignal | undefined
  readonly thawNow: () => Promise<void>
}

async function workUntil<T>(
  { limitMs, path, signal, thawNow }: FrozenWork,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const message = `the filesystem of ${path} was thawed after ${limitMs} ms, before the work was done; make it quicker, or give it more time`
  const late = new PouchError('timeout', message, { op: 'quota.whileFrozen', subject: path, details: { limitMs } })
  let thawing: Promise<void> | undefined
  const timer = setTimeout(() => {
    thawing = thawNow()
    // Its failure is told below.
    thawing.catch(() => undefined)
    limit.abort(late)
  }, limitMs)
  try {
    const signals = signal === undefined ? [limit.signal] : [limit.signal, signal]
    const result = await work(AbortSignal.any(signals))
    if (limit.signal.aborted) throw late
    return result
  } catch (error) {
    throw limit.signal.aborted ? late : error
  } finally {
    clearTimeout(timer)
    await (thawing ?? thawNow())
  }
}
