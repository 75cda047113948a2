import { performance } from 'node:perf_hooks'

/** A thread that was put aside for another one's sake comes back sooner. */
const slowMs = 8
/** A call that was slow is followed by so many times its time of rest, so that such calls take up a twentieth of the time at most. */
const restFactor = 20
const mostRestMs = 1000

/**
 * Whether what a local file system does in memory is done on this thread. Handing it to another one costs several times as much as
 * doing it, but memory that is short, or a journal that is full, makes the caller wait: once that was seen, other threads do it for up to a second.
 */
export class Promptness {
  readonly #isLocal: boolean
  #restsUntilMs = 0

  /** @param isLocal whether the file system is one that works in memory */
  constructor(isLocal: boolean) {
    this.#isLocal = isLocal
  }

  /** Whether the next call is made here. */
  get isAtOnce(): boolean {
    return this.#isLocal && performance.now() >= this.#restsUntilMs
  }

  /** Makes a call here, and sees how long it takes. */
  run<T>(call: () => T): T {
    const beganMs = performance.now()
    try {
      return call()
    } finally {
      const endedMs = performance.now()
      const tookMs = endedMs - beganMs
      if (tookMs > slowMs) this.#restsUntilMs = endedMs + Math.min(mostRestMs, restFactor * tookMs)
    }
  }

  /** Makes a call here or on another thread, as it is told. */
  do<T>(call: (atOnce: boolean) => T): T {
    return this.isAtOnce ? this.run(() => call(true)) : call(false)
  }
}
