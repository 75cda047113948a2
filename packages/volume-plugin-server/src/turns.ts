/** One task at a time for each key, in the order of asking. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `task` when all tasks before it on this key have ended, however they ended. @returns its outcome */
  async take<T>(key: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(task)
    // Its failure is told to whoever asked; the next in turn has its own.
    const end = turn.catch(() => undefined)
    this.#last.set(key, end)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === end) this.#last.delete(key)
    }
  }
}
