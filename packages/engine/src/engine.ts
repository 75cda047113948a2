import type { ContainerManager } from '@pouch/container-manager'
import type { TypedEmitter } from '@pouch/events'
import type { ImageManager } from '@pouch/image-manager'
import type { VolumeManager } from '@pouch/volume-core'
import type { EngineEvents } from './engine-events.js'
import type { SystemManager } from './system-manager.js'

/** A whole container engine, open. Made by `createEngine`. */
export class Engine implements AsyncDisposable {
  readonly volumes: VolumeManager
  readonly images: ImageManager
  readonly containers: ContainerManager
  readonly system: SystemManager
  /** Every event of every manager, once its state is durable. */
  readonly events: TypedEmitter<EngineEvents>
  readonly #letGo: () => Promise<void>
  #closed: Promise<void> | undefined

  constructor(
    parts: Pick<Engine, 'volumes' | 'images' | 'containers' | 'system' | 'events'> & { letGo(): Promise<void> },
  ) {
    this.volumes = parts.volumes
    this.images = parts.images
    this.containers = parts.containers
    this.system = parts.system
    this.events = parts.events
    this.#letGo = parts.letGo
  }

  /**
   * Lets go of everything; containers keep running and are taken over by the next engine on the same store. What was given to
   * `createEngine` (store, volume engine, containerd client) stays open: whoever made it closes it. May be called twice.
   */
  close(): Promise<void> {
    this.#closed ??= this.#letGo()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
