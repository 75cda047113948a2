import type { ContainerEvents, ContainerManager } from '@pouch/container-manager'
import { createEmitter, type TypedEmitter } from '@pouch/events'
import type { ImageEvents, ImageManager } from '@pouch/image-manager'
import type { VolumeEngine, VolumeEvents } from '@pouch/volume-core'

/** Every event of an engine's managers. */
export type EngineEvents = VolumeEvents & ImageEvents & ContainerEvents

/** The managers whose events are passed on. */
export interface EmitterSources {
  readonly volumes: VolumeEngine
  readonly images: ImageManager
  readonly containers: ContainerManager
}

// As records, so that the compiler finds an event that is missing.
const volumeEvents: Record<keyof VolumeEvents, true> = {
  'volume.created': true,
  'volume.removed': true,
  'volume.attached': true,
  'volume.mounted': true,
  'volume.unmounted': true,
  'volume.detached': true,
  'volume.updated': true,
  'volume.renamed': true,
  'volume.snapshotted': true,
  'volume.snapshotRemoved': true,
  'volume.restored': true,
  'volume.imported': true,
  'volume.migrated': true,
  'volume.pruned': true,
}

const imageEvents: Record<keyof ImageEvents, true> = {
  'image.pulled': true,
  'image.loaded': true,
  'image.imported': true,
  'image.tagged': true,
  'image.untagged': true,
  'image.removed': true,
}

const containerEvents: Record<keyof ContainerEvents, true> = {
  'container.created': true,
  'container.started': true,
  'container.died': true,
  'container.killed': true,
  'container.stopped': true,
  'container.restarted': true,
  'container.removed': true,
  'container.attached': true,
  'container.detached': true,
  'container.resized': true,
  'container.renamed': true,
  'container.oom': true,
  'container.paused': true,
  'container.unpaused': true,
  'exec.created': true,
  'exec.started': true,
  'exec.died': true,
}

/** One emitter for the events of all managers. @returns it, and what disconnects it */
export function uniteEvents(sources: EmitterSources): { readonly events: TypedEmitter<EngineEvents>; stop(): void } {
  const events = createEmitter<EngineEvents>()
  const stops = [
    forward(sources.volumes.events, events, volumeEvents),
    forward(sources.images.events, events, imageEvents),
    forward(sources.containers.events, events, containerEvents),
  ]
  return {
    events,
    stop: () => {
      for (const stop of stops) stop()
    },
  }
}

interface AnyEmitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown
  emit(event: string, ...args: unknown[]): boolean
}

// The names are checked above; what each event carries is passed on untouched.
function forward(source: unknown, target: unknown, names: Readonly<Record<string, true>>): () => void {
  const [from, to] = [source as AnyEmitter, target as AnyEmitter]
  const listeners = Object.keys(names).map(
    (event) => [event, (...args: unknown[]) => void to.emit(event, ...args)] as const,
  )
  for (const [event, listener] of listeners) from.on(event, listener)
  return () => {
    for (const [event, listener] of listeners) from.removeListener(event, listener)
  }
}
