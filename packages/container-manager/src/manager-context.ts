import { join } from 'node:path'
import type { Any, ContainerdClient } from '@pouch/ctrd-client'
import type { TypedEmitter } from '@pouch/events'
import type { ContainerEvents } from './container-events.js'
import type { ContainerRegistry } from './container-registry.js'
import type { ContainerStore } from './container-store.js'
import type { ImageSource, Logger, VolumeSource } from './sources.js'
import type { HostLimits } from './spec/host-limits.js'
import type { Semaphore } from './sync/semaphore.js'

/** Marks containerd objects with the id of the engine that they belong to. */
export const engineLabel = 'pouch.engine'
/** Marks a snapshot with the id of its container. */
export const containerLabel = 'pouch.container'

/** What the parts of the container manager share. */
export interface ManagerContext {
  readonly containerd: ContainerdClient
  readonly images: ImageSource
  readonly volumes: VolumeSource
  readonly store: ContainerStore
  readonly registry: ContainerRegistry
  readonly home: string
  readonly engineId: string
  readonly snapshotter: string
  /** The runc shim's options, encoded. */
  readonly runtimeOptions: Any | undefined
  readonly log: Logger
  readonly clock: () => number
  readonly host: HostLimits
  readonly events: TypedEmitter<ContainerEvents>
  /** Bounds the work that runc and the shims do at a time. */
  readonly heavy: Semaphore
  /** Fires when the manager closes. */
  readonly closing: AbortSignal
  readonly limits: { readonly backlogBytes: number; readonly readerBacklogBytes: number; readonly execs: number }
}

/** The directory of a container. */
export function directoryOf(home: string, id: string): string {
  return join(home, 'containers', id)
}

/** The present time as containers show it. */
export function timestamp(clock: () => number): string {
  return new Date(clock()).toISOString()
}
