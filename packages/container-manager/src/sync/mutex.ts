import { abortError } from '@pouch/errors'

/** One at a time, in the order of asking. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve()

  /**
   * Runs `use` when all that asked before have finished.
   *
   * @param signal ends the wait, not what already runs
   * @throws PouchError `aborted` when the signal fired before the turn came; else what `use` throws
   */
  async run<T>(use: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tail
    let release = (): void => {}
    this.#tail = new Promise((resolve) => {
      release = resolve
    })
    try {
      await untilAborted(before, signal)
    } catch (error) {
      void before.then(release)
      throw error
    }
    try {
      return await use()
    } finally {
      release()
    }
  }
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  if (signal.aborted) throw abortError(signal)
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal))
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
