import { performance } from 'node:perf_hooks'
import type { FilesystemSpeed } from './filesystem-speed.js'

/** A thread that was put aside for another one's sake comes back sooner. */
const slowMs = 8
/** A call that was slow is followed by so many times its time of rest, so that such calls take up a twentieth of the time at most. */
const restFactor = 20
const mostRestMs = 1000

/**
 * Whether what a file system does in memory is done on this thread. Handing it to another one costs several times as much as
 * doing it, but memory that is short, or a journal that is full, makes the caller wait: once that was seen, other threads do it for up to a second.
 */
export class Promptness {
  readonly #speed: FilesystemSpeed
  #restsUntilMs = 0

  constructor(speed: FilesystemSpeed) {
    this.#speed = speed
  }

  /** Makes a call on an inode that is held, here or on another thread, as it is told. */
  held<T>(call: (atOnce: boolean) => T): T {
    return this.isAtHand ? this.run(() => call(true)) : call(false)
  }

  /** Makes a call that a disk may be needed for: one that finds or makes a name, lists, or reads what is outside of an inode. */
  reaching<T>(call: (atOnce: boolean) => T): T {
    return this.#speed === 'memory' ? this.held(call) : call(false)
  }

  /** Whether what is held is at hand. */
  get isAtHand(): boolean {
    return this.#speed !== 'remote' && performance.now() >= this.#restsUntilMs
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
}
