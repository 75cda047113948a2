import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { abortError, type ErrorCode, isPouchError, PouchError } from '@pouch/errors'
import { type Any, fromWireAny, toWireAny } from '../any.js'
import type { Call } from '../call.js'
import { EventsService as wire } from '../gen/events.js'
import type { Logger } from '../logger.js'
import type { ServiceContext } from '../service-context.js'
import { decodeTaskEvent, type TaskEvent } from '../task-events.js'
import { toRfc3339 } from '../timestamp.js'

/** One event of containerd's. */
export interface Envelope {
  /** RFC 3339 with nanoseconds. */
  readonly timestamp: string
  readonly namespace: string
  /** Such as `/tasks/exit`. */
  readonly topic: string
  readonly event: Any
  /** Present for the events of tasks. */
  readonly decoded?: TaskEvent | undefined
}

/** What `watch` yields: an event, or word that events may have been missed. */
export type WatchedEvent =
  | { readonly type: 'event'; readonly envelope: Envelope }
  | { readonly type: 'gap'; readonly address: string }

const firstBackoffMs = 50
const longestBackoffMs = 2000
const probeEveryMs = 100
const probePrefix = '/watch/probe/'

// The connection was lost, containerd was stopped, or it failed by itself. Anything else would fail again.
const passing: readonly ErrorCode[] = ['unavailable', 'aborted', 'internal', 'timeout', 'exhausted']

/** containerd's events. They are hints: what was missed is never sent again. */
export class EventsService {
  readonly #context: ServiceContext
  readonly #log: Logger | undefined

  /** @internal */
  constructor(context: ServiceContext, log: Logger | undefined) {
    this.#context = context
    this.#log = log
  }

  /**
   * The events from now on that match any of the filters (`namespace==x,topic~="/tasks/.*"`), of every namespace, over
   * one stream. It ends with the connection: an error, never a quiet end of the loop.
   *
   * @throws PouchError `unavailable` when the connection is lost; `aborted`
   */
  async *subscribe(filters: readonly string[] = [], call?: Call): AsyncGenerator<Envelope, void, undefined> {
    for await (const envelope of this.#stream(filters, call)) {
      if (!envelope.topic.startsWith(probePrefix)) yield envelope
    }
  }

  /**
   * The same, over as many streams as it takes: it connects again with a growing pause. A `gap` comes first and after each
   * new connection, once the new stream is proved to be live: who looks at the state then misses nothing.
   *
   * @throws PouchError `aborted` when the signal fires; what would fail again, such as a filter that does not parse
   */
  async *watch(filters: readonly string[] = [], call: Call = {}): AsyncGenerator<WatchedEvent, void, undefined> {
    const { signal } = call
    let backoffMs = firstBackoffMs
    for (;;) {
      try {
        for await (const watched of this.#watchOnce(filters, call)) {
          backoffMs = firstBackoffMs
          yield watched
        }
      } catch (error) {
        if (signal?.aborted || !isPouchError(error) || !passing.includes(error.code)) throw error
        this.#log?.debug({ err: error, backoffMs }, 'the stream of containerd events broke; connecting again')
      }
      await this.#pause(backoffMs, signal)
      backoffMs = Math.min(backoffMs * 2, longestBackoffMs)
    }
  }

  /** Publishes an event of one's own. @throws PouchError `invalid-argument` for a topic without a leading slash */
  async publish(topic: string, event: Any, call?: Call): Promise<void> {
    const name = { op: 'events.publish', doing: 'publish an event', subject: topic }
    await this.#context.unary(wire.publish, { topic, event: toWireAny(event) }, name, call)
  }

  async *#stream(filters: readonly string[], call?: Call): AsyncGenerator<Envelope, void, undefined> {
    const name = { op: 'events.subscribe', doing: 'send its events' }
    for await (const message of this.#context.serverStream(wire.subscribe, { filters: [...filters] }, name, call)) {
      const envelope = {
        timestamp: toRfc3339(message.timestamp) ?? '',
        namespace: message.namespace ?? '',
        topic: message.topic ?? '',
        event: fromWireAny(message.event),
      }
      yield { ...envelope, decoded: decodeTaskEvent(envelope) }
    }
    throw new PouchError('unavailable', 'containerd ended its stream of events', { op: `containerd.${name.op}` })
  }

  /** One stream, with a gap in front as soon as an event of our own has come back over it. */
  async *#watchOnce(filters: readonly string[], call: Call): AsyncGenerator<WatchedEvent, void, undefined> {
    const topic = `${probePrefix}${randomBytes(8).toString('hex')}`
    const wanted = filters.length === 0 ? [] : [...filters, `topic=="${topic}"`]
    const broken = new AbortController()
    const live = new AbortController()
    const signal = call.signal === undefined ? broken.signal : AbortSignal.any([call.signal, broken.signal])
    const probing = this.#probe(topic, AbortSignal.any([signal, live.signal])).catch((error: unknown) => {
      if (!live.signal.aborted) broken.abort(error)
    })
    try {
      for await (const envelope of this.#stream(wanted, { ...call, signal })) {
        if (envelope.topic === topic && !live.signal.aborted) {
          live.abort()
          yield { type: 'gap', address: this.#context.connection.address }
        } else if (live.signal.aborted && !envelope.topic.startsWith(probePrefix)) {
          yield { type: 'event', envelope }
        }
      }
    } finally {
      live.abort()
      await probing
    }
  }

  /** containerd does not say when a subscription has begun, so events of our own are published until one comes back. */
  async #probe(topic: string, signal: AbortSignal): Promise<void> {
    const event = { typeUrl: 'google.protobuf.Empty', value: new Uint8Array(0) }
    for (;;) {
      await this.publish(topic, event, { signal })
      await delay(probeEveryMs, undefined, { signal })
    }
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await delay(ms, undefined, { signal })
    } catch (error) {
      if (signal?.aborted) throw abortError(signal, { op: 'containerd.events.watch' })
      throw error
    }
  }
}
