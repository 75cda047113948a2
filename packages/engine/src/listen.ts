import type { EventMap, TypedEmitter } from '@pouch/events'

/** Adds a listener for each given event. @returns what removes them all */
export function listen<Events extends EventMap>(emitter: TypedEmitter<Events>, listeners: Partial<Events>): () => void {
  const names = Object.keys(listeners) as (keyof Events & string)[]
  for (const name of names) emitter.on(name, listeners[name] as Events[typeof name])
  return () => {
    for (const name of names) emitter.removeListener(name, listeners[name] as Events[typeof name])
  }
}
