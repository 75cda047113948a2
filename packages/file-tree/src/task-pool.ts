/** Work that goes on while the caller goes on; so much of it at a time, and the first failure stops all that would follow. */
export class TaskPool {
  readonly #width: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(width: number) {
    this.#width = width
  }

  /** @throws what a task failed with */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Starts a task once there is room. @returns a promise of its end that never rejects; what it fails with comes from {@link check} */
  async start(task: () => Promise<void>): Promise<{ readonly end: Promise<void> }> {
    while (this.#running.size >= this.#width) await Promise.race(this.#running)
    this.check()
    return { end: this.follow(task()) }
  }

  /** Takes part in {@link drain} and {@link check} without taking room. */
  follow(promise: Promise<void>): Promise<void> {
    const end = promise.then(
      () => {
        this.#running.delete(end)
      },
      (error: unknown) => {
        this.#running.delete(end)
        this.#failure ??= { error }
      },
    )
    this.#running.add(end)
    return end
  }

  /** Waits for all that runs, failed or not. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
