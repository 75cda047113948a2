import { untilAborted } from './until-aborted.js'

/** One holder at a time for each key, in the order of asking. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>()

  /**
   * Runs `work` when nobody else works on `key`.
   *
   * @throws PouchError `aborted` when the signal fires while waiting
   */
  async run<Result>(key: string, signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    let release: () => void = () => undefined
    const own = new Promise<void>((resolve) => {
      release = resolve
    })
    const tail = before.then(() => own)
    this.#tails.set(key, tail)
    try {
      await untilAborted(before, signal)
      return await work()
    } finally {
      release()
      void tail.then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key)
      })
    }
  }
}
