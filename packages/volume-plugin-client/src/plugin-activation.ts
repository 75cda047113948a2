/** A handshake with a plugin: ends when the signal fires. */
export type Handshake<T> = (signal: AbortSignal) => Promise<T>

/** A handshake that outlives this may be with a plugin that is no more: whoever comes then makes one of its own. */
const freshMs = 500

interface Attempt<T> {
  readonly startedMs: number
  readonly end: AbortController
  readonly outcome: Promise<T>
  readonly resolve: (active: T) => void
  readonly reject: (error: unknown) => void
}

/**
 * What came of the handshakes with one plugin. Callers that come within half a second share one; later ones do not wait for an answer that may
 * never come, and begin another. The first that succeeds is everybody's, and ends the others. Handshakes go on without callers, so that a
 * plugin that is slower than they are patient is active some time.
 */
export class PluginActivation<T extends object> {
  readonly #handshake: Handshake<T>
  readonly #attempts = new Set<Attempt<T>>()
  #latest: Attempt<T> | undefined
  #active: T | undefined
  #isClosed = false

  constructor(handshake: Handshake<T>) {
    this.#handshake = handshake
  }

  /** What a handshake came to, of the past or the one that is going on. @throws what that handshake throws */
  async get(): Promise<T> {
    if (this.#active !== undefined) return this.#active
    const latest = this.#latest
    if (latest !== undefined && performance.now() - latest.startedMs < freshMs) return await latest.outcome
    return await this.#begin()
  }

  /** The next caller makes a handshake, unless another than this is active by now. */
  forget(active: T): void {
    if (this.#active === active) this.#active = undefined
  }

  /** Ends the handshakes, and those to come. */
  close(): void {
    this.#isClosed = true
    for (const { end } of this.#attempts) end.abort()
  }

  #begin(): Promise<T> {
    const attempt = newAttempt<T>()
    this.#attempts.add(attempt)
    this.#latest = attempt
    if (this.#isClosed) attempt.end.abort()
    this.#handshake(attempt.end.signal).then(
      (active) => this.#succeeded(attempt, active),
      (error: unknown) => this.#failed(attempt, error),
    )
    return attempt.outcome
  }

  #succeeded(attempt: Attempt<T>, active: T): void {
    // One that was ended by another's success has nothing to tell any more.
    if (!this.#attempts.has(attempt)) return
    const ended = [...this.#attempts]
    this.#attempts.clear()
    this.#latest = undefined
    this.#active = active
    for (const each of ended) {
      each.resolve(active)
      if (each !== attempt) each.end.abort()
    }
  }

  #failed(attempt: Attempt<T>, error: unknown): void {
    this.#attempts.delete(attempt)
    if (this.#latest === attempt) this.#latest = undefined
    attempt.reject(error)
  }
}

function newAttempt<T>(): Attempt<T> {
  let resolve: (active: T) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const outcome = new Promise<T>((...settle) => {
    resolve = settle[0]
    reject = settle[1]
  })
  // Its failure is told to whoever waits for it, and there may be nobody left.
  outcome.catch(() => undefined)
  return { startedMs: performance.now(), end: new AbortController(), outcome, resolve, reject }
}
