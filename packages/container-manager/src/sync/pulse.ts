/**
 * Says that something may have changed. A reader takes {@link Pulse.count} before it looks and waits for a later one after it
 * found nothing, so that no change between the two is missed.
 */
export class Pulse {
  #count = 0
  #waiting: (() => void)[] = []

  get count(): number {
    return this.#count
  }

  beat(): void {
    this.#count += 1
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Resolves once the count is past `seen`, or when the signal fires. */
  async after(seen: number, signal?: AbortSignal): Promise<void> {
    if (this.#count > seen || signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.push(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }
}
