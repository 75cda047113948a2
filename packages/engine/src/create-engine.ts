import { hostname } from 'node:os'
import { ContainerManager } from '@pouch/container-manager'
import type { ContainerdClient, RuncOptions } from '@pouch/ctrd-client'
import { ImageManager } from '@pouch/image-manager'
import type { MetadataStore } from '@pouch/store'
import type { Logger, VolumeEngine } from '@pouch/volume-core'
import { Engine } from './engine.js'
import { uniteEvents } from './engine-events.js'
import { EventLog } from './event-log.js'
import { recordEvents } from './event-recorder.js'
import { SystemManager } from './system-manager.js'

/** What {@link createEngine} puts together. All of it stays its maker's: the engine closes none of it. */
export interface EngineOptions {
  /** A directory of the engine's own, absolute: logs and files of containers are kept in it. */
  readonly home: string
  /** Shared with the volume engine: volumes, containers and images have prefixes of their own. */
  readonly store: MetadataStore
  /** An open volume engine; its drivers are the ones that containers can use. */
  readonly volumes: VolumeEngine
  /** A client in the namespace that the engine is to use. */
  readonly containerd: ContainerdClient
  /** Silent unless given. */
  readonly log?: Logger | undefined
  /** `overlayfs` unless given. */
  readonly snapshotter?: string | undefined
  /** Options of the runc shim; `{ root: supervised.runcRoot }` keeps runc's state with a containerd of one's own. */
  readonly runtimeOptions?: RuncOptions | undefined
  /** What the engine calls itself; the host's name unless given. */
  readonly name?: string | undefined
  /** Registries that may be spoken to over plain http: `host` or `host:port`. */
  readonly insecureRegistries?: readonly string[] | undefined
  /** Milliseconds since 1970. */
  readonly clock?: (() => number) | undefined
}

const defaultSnapshotter = 'overlayfs'

/**
 * Opens a container engine: volumes, images and containers that know each other. Containers that run from an earlier engine on
 * the same store and containerd are taken over before this returns.
 *
 * @throws PouchError `unavailable` when containerd does not answer
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { home, store, volumes, containerd, log = silent, snapshotter = defaultSnapshotter, clock } = options
  const { engineId } = volumes
  const users: { of(imageId: string): { id: string; running: boolean }[] } = { of: () => [] }
  const images = new ImageManager({
    containerd,
    engineId,
    snapshotter,
    log,
    isUsed: (imageId) => users.of(imageId),
    registries: { insecure: options.insecureRegistries ?? [] },
  })
  const containers = new ContainerManager({
    containerd,
    images,
    volumes: volumes.volumes,
    store,
    home,
    engineId,
    snapshotter,
    runtimeOptions: options.runtimeOptions,
    log,
    clock,
  })
  users.of = (imageId) => usersOf(containers, imageId)
  const eventLog = new EventLog(clock)
  const stopRecording = recordEvents({ volumes, images, containers }, (event) => eventLog.append(event))
  const united = uniteEvents({ volumes, images, containers })
  const letGo = async () => {
    await containers.close()
    eventLog.close()
    stopRecording()
    united.stop()
  }
  try {
    await images.open()
    await containers.open()
  } catch (error) {
    await letGo()
    throw error
  }
  const name = options.name ?? hostname()
  const system = new SystemManager({
    name,
    home,
    snapshotter,
    containerd,
    volumes,
    images,
    containers,
    events: eventLog,
  })
  return new Engine({ volumes: volumes.volumes, images, containers, system, events: united.events, letGo })
}

function usersOf(containers: ContainerManager, imageId: string): { id: string; running: boolean }[] {
  const users = containers.list({ all: true }).filter((container) => container.imageId === imageId)
  return users.map(({ id, state }) => ({ id, running: state.status === 'running' || state.status === 'paused' }))
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
