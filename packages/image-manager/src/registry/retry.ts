import { setTimeout as delay } from 'node:timers/promises'
import { abortError, isPouchError } from '@pouch/errors'

/** How failures that may pass are met. */
export interface RetryPolicy {
  /** The pause before the first retry; doubled with each. */
  readonly firstMs: number
  readonly signal?: AbortSignal | undefined
  /** Told of each pause before it begins. */
  readonly onPause?: ((pauseMs: number) => void) | undefined
}

const retries = 4
const longestMs = 30_000

/** Counts failures in a row and pauses after each, a little longer every time. */
export class Retry {
  readonly #policy: RetryPolicy
  #failures = 0

  constructor(policy: RetryPolicy) {
    this.#policy = policy
  }

  /** Something worked: the next failure is the first one again. */
  succeeded(): void {
    this.#failures = 0
  }

  /** Pauses, and returns when it is time to try again. @throws the error when it will not pass or there were too many */
  async failed(error: unknown): Promise<void> {
    if (!isTransient(error) || this.#failures >= retries) throw error
    const pauseMs = Math.min(
      longestMs,
      askedPauseMs(error) ?? this.#policy.firstMs * 2 ** this.#failures * (0.75 + Math.random() / 2),
    )
    this.#failures += 1
    this.#policy.onPause?.(pauseMs)
    const { signal } = this.#policy
    await delay(pauseMs, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
      throw signal === undefined ? cause : abortError(signal, { op: 'image.pull' })
    })
  }
}

/** Does something that may be repeated, until it works, fails for good or failed too often. */
export async function retried<Result>(policy: RetryPolicy, work: () => Promise<Result>): Promise<Result> {
  const retry = new Retry(policy)
  for (;;) {
    try {
      return await work()
    } catch (error) {
      await retry.failed(error)
    }
  }
}

function isTransient(error: unknown): boolean {
  return isPouchError(error) && error.details.transient === true
}

function askedPauseMs(error: unknown): number | undefined {
  const pause = isPouchError(error) ? error.details.retryAfterMs : undefined
  return typeof pause === 'number' ? pause : undefined
}
