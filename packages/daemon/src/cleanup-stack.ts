/** A step that undoes something. `deadline` fires when it is to stop waiting for others. */
export type CleanupStep = (deadline: AbortSignal) => Promise<void> | void

/** What is to be undone, last first. */
export class CleanupStack {
  readonly #steps: CleanupStep[] = []

  /** Adds a step that undoes what was just done. */
  push(step: CleanupStep): void {
    this.#steps.push(step)
  }

  /** Runs every step once, also those after one that fails. @throws the first failure, once all have run */
  async run(deadline: AbortSignal): Promise<void> {
    const failures: unknown[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step(deadline)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
