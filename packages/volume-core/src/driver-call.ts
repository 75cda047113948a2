import { abortError, hasCode, PouchError } from '@pouch/errors'
import type { DriverCall, Logger } from './driver.js'
import type { Lease } from './name-locks.js'
import { scrubbed } from './scrubbed.js'
import { verbWords } from './verb-words.js'

/** Which call of a driver is made, for whom, and until when. */
export interface DriverCallScope {
  /** The operation of the engine, `create`, `mount`: the first word of what an error says. */
  readonly verb: string
  readonly volume: string
  readonly driver: string
  /** The caller's. Absent for what has to be finished whether the caller stays or not. */
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
  readonly log: Logger
  /** What of the volume's options an error may not tell. Asked for when there is one. */
  readonly secrets?: (() => readonly string[]) | undefined
  /** Held until the driver has come to rest, should it outlive its deadline. */
  readonly lease?: Lease | undefined
}

/** How long a driver may take to come to rest once its signal has fired. */
const graceMs = 500

/** Thrown by {@link callDriver} when the driver is still at work. */
export class DriverStillRunning extends PouchError {
  /** Settles, never rejects, when the driver has come to rest, with what came of it. */
  readonly outcome: Promise<LateOutcome>
  /** Settles with {@link outcome}. */
  readonly rest: Promise<void>

  constructor(error: PouchError, message: string, outcome: Promise<LateOutcome>) {
    super(error.code, message, { op: error.op, subject: error.subject, details: error.details, cause: error.cause })
    this.outcome = outcome
    this.rest = outcome.then(ignore)
  }
}

/** What a driver answered, or failed with, after it had been given up. */
export interface LateOutcome {
  readonly value?: unknown
  readonly error?: unknown
}

/**
 * Calls a driver with a signal of its own, which fires with the caller's or at the deadline, and wraps what it throws: the one place
 * where volume, driver and operation are named. A driver that does not stop in time is left behind; the lease then holds its
 * volume's lock until it has.
 *
 * @throws PouchError with the driver's code; `timeout` at the deadline, `aborted` when the caller left;
 *   {@link DriverStillRunning} when the driver has not come to rest
 */
export async function callDriver<T>(scope: DriverCallScope, call: (call: DriverCall) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  const onAbort = () => limit.abort(scope.signal?.reason)
  const timer = setTimeout(() => limit.abort(deadline(scope)), scope.timeoutMs)
  scope.signal?.addEventListener('abort', onAbort, { once: true })
  if (scope.signal?.aborted === true) onAbort()
  try {
    const work = invoke(call, { signal: limit.signal, log: scope.log })
    return await restOrGiveUp(work, limit.signal, scope)
  } catch (error) {
    throw wrap(error, scope, limit.signal)
  } finally {
    clearTimeout(timer)
    scope.signal?.removeEventListener('abort', onAbort)
  }
}

/** A driver that throws instead of rejecting fares the same. */
async function invoke<T>(call: (call: DriverCall) => Promise<T>, options: DriverCall): Promise<T> {
  return await call(options)
}

function restOrGiveUp<T>(work: Promise<T>, signal: AbortSignal, scope: DriverCallScope): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const leave = () => {
      const outcome = work.then(
        (value): LateOutcome => ({ value }),
        (error: unknown): LateOutcome => ({ error }),
      )
      const error = abortError(signal)
      const text = `${where(scope)}: ${error.message}; the driver is still at work`
      const stillRunning = new DriverStillRunning(error, text, outcome)
      scope.lease?.hold(stillRunning.rest)
      reject(stillRunning)
    }
    const wait = () => {
      timer = setTimeout(leave, graceMs)
    }
    const settled = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', wait)
    }
    if (signal.aborted) wait()
    else signal.addEventListener('abort', wait, { once: true })
    work.finally(settled).then(resolve, reject)
  })
}

function wrap(thrown: unknown, scope: DriverCallScope, signal: AbortSignal): PouchError {
  if (thrown instanceof DriverStillRunning) return thrown
  const cause = scrubbed(thrown, scope.secrets?.() ?? [])
  const fromDriver = PouchError.from(cause)
  const stopped = signal.aborted && (hasCode(fromDriver, 'aborted') || hasCode(fromDriver, 'timeout'))
  const error = stopped ? abortError(signal) : fromDriver
  return new PouchError(error.code, `${where(scope)}: ${error.message}`, {
    op: `volume.${scope.verb}`,
    subject: scope.volume,
    details: { ...fromDriver.details, driver: scope.driver },
    cause,
  })
}

const where = (scope: DriverCallScope) => `${verbWords(scope.verb)} ${scope.volume}`

function deadline(scope: DriverCallScope): PouchError {
  const text = `driver ${scope.driver} did not answer within ${scope.timeoutMs} ms`
  return new PouchError('timeout', text, {
    op: `volume.${scope.verb}`,
    subject: scope.volume,
    details: { driver: scope.driver },
  })
}

const ignore = () => undefined
