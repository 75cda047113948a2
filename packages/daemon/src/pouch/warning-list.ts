const most = 100

/** Warnings that are told at the end: the first hundred, and how many more there were. */
export class WarningList {
  readonly #first: string[] = []
  #more = 0

  readonly add = (message: string): void => {
    if (this.#first.length < most) this.#first.push(message)
    else this.#more += 1
  }

  told(): string[] {
    return this.#more === 0 ? [...this.#first] : [...this.#first, `and ${this.#more} more warnings`]
  }
}
