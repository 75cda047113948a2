/** Runs tasks one at a time, in the order in which they were given. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `task` when all before it have ended, however they ended. @returns its outcome */
  take<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
