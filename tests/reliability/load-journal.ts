import { loadClients, ofClient } from './load.js'
import type { Operation } from './operation.js'
import type { LoadEvent } from './victim-task.js'
import { applied, type ModelState, summaryOf } from './volume-model.js'

/** What clients under load have asked for and were answered, and what therefore has to be true after a crash. */
export class LoadJournal {
  acknowledged = 0
  readonly #states: ModelState[]
  readonly #asked = new Map<number, Operation>()

  constructor(state: ModelState) {
    this.#states = Array.from({ length: loadClients }, (_, client) => ofClient(state, client))
  }

  /** @throws when an answer is not the model's: nobody else touches the volumes of a client */
  add(event: LoadEvent): void {
    const { client } = event
    if (event.event === 'asked') {
      this.#asked.set(client, event.operation)
      return
    }
    const operation = this.#asked.get(client)
    if (operation === undefined) throw new Error(`client ${client} was answered what it had not asked`)
    const { state, outcome } = applied(this.#states[client] ?? {}, operation)
    if (outcome.code !== event.outcome.code) {
      const seen = `${event.outcome.code} ${String(event.outcome.value ?? '')}`
      throw new Error(`${JSON.stringify(operation)} was answered ${seen}, and the model says ${outcome.code}`)
    }
    this.#states[client] = state
    this.#asked.delete(client)
    this.acknowledged += 1
  }

  /** Where what was found is neither what was acknowledged nor that with what was under way. */
  contradictions(found: ModelState): string[] {
    return this.#states.flatMap((state, client) => {
      const operation = this.#asked.get(client)
      const allowed = operation === undefined ? [state] : [state, applied(state, operation).state]
      const seen = summaryOf(ofClient(found, client))
      if (allowed.some((each) => summaryOf(each) === seen)) return []
      return [
        `client ${client}: found ${seen}, allowed ${allowed.map(summaryOf).join(' or ')}, ${JSON.stringify(operation)}`,
      ]
    })
  }

  /** What was found, with what only the model knows: what snapshots contain. */
  settled(found: ModelState): ModelState {
    const states = this.#states.map((state, client) => {
      const operation = this.#asked.get(client)
      const seen = summaryOf(ofClient(found, client))
      return operation === undefined || summaryOf(state) === seen ? state : applied(state, operation).state
    })
    return Object.assign({}, ...states) as ModelState
  }
}
