import { PouchError } from '@pouch/errors'
import type { EngineEvent } from './engine-event.js'

/** How many events are kept for those who ask later. */
export const keptEvents = 256

/** How many events may wait for one reader before it is cut off. */
const maxWaiting = 16_384

/** What {@link EventLog.read} is to give. */
export interface EventRange {
  /** Nanoseconds since 1970: begin with the kept events from then on. Without it only what is still to come. */
  readonly sinceNs?: bigint | undefined
  /** Nanoseconds since 1970: end then. Without it the reader goes on until its signal fires. */
  readonly untilNs?: bigint | undefined
  readonly signal?: AbortSignal | undefined
}

/** The last events, and those who wait for the next. */
export class EventLog {
  readonly #kept: EngineEvent[] = []
  readonly #readers = new Set<EventReader>()
  readonly #clock: () => number
  #lastNs = 0n
  #closed = false

  /** @param clock milliseconds since 1970 */
  constructor(clock: () => number = Date.now) {
    this.#clock = clock
  }

  /** How many follow the events now. */
  get readers(): number {
    return this.#readers.size
  }

  /** Gives an event its time and passes it on. */
  append(event: Omit<EngineEvent, 'timeNs'>): void {
    const nowNs = BigInt(Math.trunc(this.#clock() * 1000)) * 1000n
    this.#lastNs = nowNs > this.#lastNs ? nowNs : this.#lastNs + 1n
    const dated = Object.freeze({ ...event, attributes: Object.freeze({ ...event.attributes }), timeNs: this.#lastNs })
    this.#kept.push(dated)
    if (this.#kept.length > keptEvents) this.#kept.shift()
    for (const reader of this.#readers) reader.push(dated)
  }

  /**
   * Events as they come, each once and in order. The reader is registered when this returns, before the first is asked for.
   *
   * @throws PouchError `exhausted` from the iteration when the reader is so slow that too many wait for it
   */
  read({ sinceNs, untilNs, signal }: EventRange = {}): AsyncIterable<EngineEvent> {
    const backlog = sinceNs === undefined ? [] : this.#kept.filter((event) => event.timeNs >= sinceNs)
    const reader = new EventReader(backlog.filter((event) => untilNs === undefined || event.timeNs <= untilNs))
    const leftMs = untilNs === undefined ? undefined : Number(untilNs / 1_000_000n) - this.#clock()
    if (this.#closed || signal?.aborted === true || (leftMs !== undefined && leftMs <= 0)) reader.end()
    else this.#follow(reader, leftMs, signal)
    return reader.events()
  }

  /** Ends every reader. */
  close(): void {
    this.#closed = true
    for (const reader of this.#readers) reader.end()
  }

  #follow(reader: EventReader, leftMs: number | undefined, signal: AbortSignal | undefined): void {
    this.#readers.add(reader)
    const end = () => reader.end()
    const timer = leftMs === undefined ? undefined : setTimeout(end, Math.min(leftMs, 2 ** 31 - 1))
    signal?.addEventListener('abort', end, { once: true })
    reader.onEnd = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      this.#readers.delete(reader)
    }
  }
}

class EventReader {
  onEnd: () => void = () => {}
  readonly #waiting: EngineEvent[]
  #ended = false
  #overflow = false
  #wake: () => void = () => {}

  constructor(backlog: readonly EngineEvent[]) {
    this.#waiting = [...backlog]
  }

  push(event: EngineEvent): void {
    if (this.#waiting.length >= maxWaiting) {
      this.#overflow = true
      this.end()
      return
    }
    this.#waiting.push(event)
    this.#wake()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.onEnd()
    this.#wake()
  }

  async *events(): AsyncGenerator<EngineEvent> {
    try {
      for (;;) {
        const event = this.#waiting.shift()
        if (event !== undefined) yield event
        else if (this.#overflow) throw tooSlow()
        else if (this.#ended) return
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
      }
    } finally {
      this.end()
    }
  }
}

function tooSlow(): PouchError {
  return new PouchError(
    'exhausted',
    `events were read too slowly: more than ${maxWaiting} waited; ask again with since`,
    {
      op: 'system.events',
    },
  )
}
