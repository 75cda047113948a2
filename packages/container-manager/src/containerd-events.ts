import type { Exits } from './exits.js'
import type { ManagerContext } from './manager-context.js'
import type { StrayShims } from './stray-shims.js'

/** Listens to containerd's events. They are hints: what they tell is known otherwise as well. */
export class ContainerdEvents {
  readonly #context: ManagerContext
  readonly #exits: Exits
  readonly #strayShims: StrayShims
  #listening: Promise<void> = Promise.resolve()

  constructor(context: ManagerContext, exits: Exits, strayShims: StrayShims) {
    this.#context = context
    this.#exits = exits
    this.#strayShims = strayShims
  }

  start(): void {
    this.#listening = this.#listen().catch((error: unknown) => {
      if (!this.#context.closing.aborted)
        this.#context.log.error({ err: error }, 'containerd events can no longer be heard')
    })
  }

  /** Resolves when the listening has ended, after the context's signal fired. */
  async stopped(): Promise<void> {
    await this.#listening
  }

  async #listen(): Promise<void> {
    const { containerd, closing, events, registry } = this.#context
    const filter = `namespace=="${containerd.namespace}",topic=="/tasks/oom"`
    let hasBeenAway = false
    for await (const watched of containerd.events.watch([filter], { signal: closing })) {
      if (watched.type === 'gap') {
        // The stream is new: what waits for containerd need not wait longer, and what could not be undone is.
        this.#exits.reconnected.beat()
        for (const entry of registry.all()) this.#exits.repair(entry)
        // A containerd that died in the middle of a create has left what an engine that dies leaves.
        if (hasBeenAway) {
          const records = registry.all().map(({ record }) => record)
          this.#strayShims.reap(records, true)
        }
        hasBeenAway = true
        continue
      }
      const { decoded } = watched.envelope
      if (decoded?.topic !== '/tasks/oom') continue
      const entry = registry.all().find(({ id }) => id === decoded.containerId)
      // One that comes after the exit tells what was found then.
      if (entry === undefined || (entry.isOomKilled && !entry.isRunning)) continue
      entry.isOomKilled = true
      events.emit('container.oom', entry.container())
    }
  }
}
