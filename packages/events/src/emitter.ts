import { EventEmitter } from 'node:events'
import type { default as TypedEmitterModule } from 'typed-emitter'

/** A map of event names to the listener of each: `{ 'volume.created': (volume: Volume) => void }`. */
export type EventMap = TypedEmitterModule.EventMap

/** An event emitter that knows which events exist and what each one carries. */
export type TypedEmitter<Events extends EventMap> = TypedEmitterModule.default<Events>

/** What to do with what a listener throws; see {@link createEmitter}. */
export type ListenerErrorHandler = (error: unknown, event: string) => void

/**
 * Makes an emitter whose `emit` never throws and always reaches every listener: what one of them throws (or rejects
 * with) goes to `onListenerError` and the next one is called. Listeners run in the order in which they were added.
 *
 * @param onListenerError told each failure; without it a failing listener shows as a process warning
 */
export function createEmitter<Events extends EventMap>(
  onListenerError: ListenerErrorHandler = warn,
): TypedEmitter<Events> {
  const emitter = new SafeEmitter(onListenerError)
  emitter.setMaxListeners(0)
  return emitter as unknown as TypedEmitter<Events>
}

class SafeEmitter extends EventEmitter {
  readonly #onListenerError: ListenerErrorHandler

  constructor(onListenerError: ListenerErrorHandler) {
    super()
    this.#onListenerError = onListenerError
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const listeners = this.rawListeners(event) as ((...args: unknown[]) => unknown)[]
    for (const listener of listeners) this.#call(event, listener, args)
    return listeners.length > 0
  }

  #call(event: string | symbol, listener: (...args: unknown[]) => unknown, args: unknown[]): void {
    const failed = (error: unknown) => this.#report(error, String(event))
    try {
      const result = listener.apply(this, args)
      if (result instanceof Promise) result.catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  #report(error: unknown, event: string): void {
    try {
      this.#onListenerError(error, event)
    } catch (reportError) {
      warn(error, event)
      warn(reportError, event)
    }
  }
}

function warn(error: unknown, event: string): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning(`a listener of '${event}' failed: ${text}`, 'PouchListenerWarning')
}
