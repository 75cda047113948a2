import { throwIfAborted } from '@pouch/errors'
import { untilAborted } from './until-aborted.js'

/** Lets at most so many do something at a time; the others wait in the order of asking. */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#free = limit
  }

  /** Whether the next one must wait. */
  get isFull(): boolean {
    return this.#free === 0
  }

  /** @throws PouchError `aborted` when the signal fires while waiting */
  async run<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    throwIfAborted(signal)
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    let turn: () => void = () => undefined
    const myTurn = new Promise<void>((resolve) => {
      turn = resolve
    })
    this.#waiting.push(turn)
    try {
      await untilAborted(myTurn, signal)
    } catch (error) {
      const place = this.#waiting.indexOf(turn)
      if (place >= 0) this.#waiting.splice(place, 1)
      else this.#leave()
      throw error
    }
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
