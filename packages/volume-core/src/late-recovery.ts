import type { EngineParts } from './engine-parts.js'
import type { Recovery } from './recovery.js'

/** Looks, once the engine is open, for the drivers that records name and nobody brought, and recovers the volumes of each that appears. */
export class LateRecovery {
  readonly #parts: EngineParts
  readonly #recovery: Recovery
  readonly #rounds = new Set<Promise<void>>()

  constructor(parts: EngineParts, recovery: Recovery) {
    this.#parts = parts
    this.#recovery = recovery
    parts.late.onOpened = (driver) => this.#welcome(driver)
  }

  /** Begins the search, and waits for nothing: the start of an engine is not held up by what may not be there. */
  begin(): void {
    const wanted = new Set<string>()
    for (const { record } of this.#parts.volumes.ordered()) {
      if (!wanted.has(record.driver) && this.#parts.late.mayHave(record.driver)) wanted.add(record.driver)
    }
    for (const driver of wanted) this.#goOn(this.#look(driver))
  }

  /** Waits for the rounds in flight. */
  async close(): Promise<void> {
    await this.#parts.late.close()
    await Promise.all(this.#rounds)
  }

  /** A driver that is not found is what boot tells of the volumes that are unfinished. */
  async #look(driver: string): Promise<void> {
    await this.#parts.late.summon(driver)
    if (this.#parts.late.mayHave(driver)) await this.#recovery.boot(driver)
  }

  #welcome(driver: string): void {
    for (const entry of this.#parts.volumes.ordered()) {
      // What was made of it says that its driver is not available.
      if (entry.record.driver === driver) entry.shown = undefined
    }
    this.#goOn(this.#recovery.boot(driver))
  }

  #goOn(work: Promise<void>): void {
    const round = work.finally(() => this.#rounds.delete(round))
    this.#rounds.add(round)
  }
}
