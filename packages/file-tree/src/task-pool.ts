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

  /** Whether a task can start. */
  get hasRoom(): boolean {
    return this.#running.size < this.#width
  }

  /** Waits for room. @throws what a task failed with */
  async room(): Promise<void> {
    while (!this.hasRoom) await Promise.race(this.#running)
    this.check()
  }

  /** What failed outside of a task is as if it had failed in one. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /** A task that has started. @returns a promise of its end that never rejects; what it fails with comes from {@link check} */
  follow(promise: Promise<void>): Promise<void> {
    const end = promise.then(
      () => {
        this.#running.delete(end)
      },
      (error: unknown) => {
        this.#running.delete(end)
        this.fail(error)
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
