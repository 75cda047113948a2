import type { RawOutput } from '../streams/raw-output.js'
import type { StreamName } from './log-codec.js'

/** Stands where a log writer would for a container without a log: it keeps nothing and lets the raw files shrink. */
export class NoLog {
  readonly #output: RawOutput
  readonly #closing = new AbortController()
  #done: Promise<void> | undefined

  constructor(output: RawOutput) {
    this.#output = output
  }

  /** Where live readers begin that ask for what was logged before: at the present end. */
  get offsets(): ReadonlyMap<StreamName, number> {
    return new Map(this.#output.streams.map((stream) => [stream, this.#output.size(stream)]))
  }

  get done(): Promise<void> {
    this.#done ??= this.#run()
    return this.#done
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.done
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted && !this.#output.isComplete) {
      const seen = this.#output.pulse.count
      for (const stream of this.#output.streams) await this.#output.release(stream, this.#output.size(stream))
      await this.#output.pulse.after(seen, signal)
    }
  }
}
