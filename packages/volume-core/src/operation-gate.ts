import { PouchError } from '@pouch/errors'

/** Counts the operations in flight, and lets none begin once it is shut. */
export class OperationGate {
  #running = 0
  #isShut = false
  #onIdle: (() => void) | undefined

  /** @throws PouchError `unavailable` once shut; nothing was done */
  async run<T>(op: string, operation: () => Promise<T>): Promise<T> {
    if (this.#isShut) throw new PouchError('unavailable', `${op}: the volume engine is closed`, { op })
    this.#running += 1
    try {
      return await operation()
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#onIdle?.()
    }
  }

  /** Resolves when the last operation has ended. */
  async shut(): Promise<void> {
    this.#isShut = true
    if (this.#running === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }
}
