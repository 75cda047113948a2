import type { Container, ContainerManager } from '@pouch/container-manager'
import type { ContainerdClient } from '@pouch/ctrd-client'
import { hasCode } from '@pouch/errors'
import type { Image, ImageManager } from '@pouch/image-manager'
import type { DriverInfo, Logger, Volume, VolumeEngine } from '@pouch/volume-core'
import { directoryBytes } from './disk-usage.js'
import { type EngineEvent, type EventFilters, matchesEvent } from './engine-event.js'
import type { EventLog, EventRange } from './event-log.js'
import { type HostFacts, hostFacts } from './host-facts.js'
import { engineVersion } from './version.js'

/** What a {@link SystemManager} looks at. */
export interface SystemManagerOptions {
  readonly name: string
  readonly home: string
  readonly snapshotter: string
  readonly containerd: ContainerdClient
  readonly volumes: VolumeEngine
  readonly images: ImageManager
  readonly containers: ContainerManager
  readonly events: EventLog
  readonly log: Logger
}

/** What an engine is, and what it runs on. */
export interface EngineInfo {
  readonly engineId: string
  readonly name: string
  readonly version: string
  /** Where the engine keeps its things. */
  readonly home: string
  readonly containers: {
    readonly total: number
    readonly running: number
    readonly paused: number
    readonly stopped: number
  }
  readonly images: number
  readonly volumes: number
  readonly drivers: readonly DriverInfo[]
  readonly snapshotter: string
  readonly containerd: ContainerdFacts
  /** How many follow the events now. */
  readonly eventReaders: number
  readonly host: HostFacts
  readonly warnings: readonly string[]
}

/** The containerd of an engine. Its version is empty while it is away. */
export interface ContainerdFacts {
  readonly address: string
  readonly namespace: string
  readonly version: string
  readonly revision: string
}

/** The versions of an engine and of what it stands on. */
export interface EngineVersion {
  readonly version: string
  readonly containerd: ContainerdFacts
  readonly node: string
  readonly kernelVersion: string
  readonly architecture: string
}

/** What takes up space. */
export interface DiskUsage {
  /** All layers of all images, each once. */
  readonly layersBytes: number
  readonly images: readonly Image[]
  readonly containers: readonly Container[]
  readonly volumes: readonly VolumeUsage[]
}

/** A volume and the bytes in it; -1 when they cannot be counted now. */
export interface VolumeUsage {
  readonly volume: Volume
  readonly bytes: number
}

/** What to ask for with {@link SystemManager.events}. */
export interface EventQuery extends EventRange {
  readonly filters?: EventFilters | undefined
}

/** The engine as a whole: what it is, what happens in it, and what it takes up. */
export class SystemManager {
  readonly #options: SystemManagerOptions
  readonly #host: HostFacts = hostFacts()

  constructor(options: SystemManagerOptions) {
    this.#options = options
  }

  /** Answers also while containerd is away; a warning says so then. */
  async info(call: { readonly signal?: AbortSignal | undefined } = {}): Promise<EngineInfo> {
    const { containers, images, volumes } = this.#options
    const containerd = await this.#containerd(call.signal)
    const all = containers.list({ all: true })
    const running = all.filter(({ state }) => state.status === 'running').length
    const paused = all.filter(({ state }) => state.status === 'paused').length
    const reachable = containerd.version !== ''
    return {
      engineId: volumes.engineId,
      name: this.#options.name,
      version: engineVersion,
      home: this.#options.home,
      containers: { total: all.length, running, paused, stopped: all.length - running - paused },
      images: reachable ? (await images.list()).length : 0,
      volumes: (await volumes.volumes.list({}, call)).volumes.length,
      drivers: volumes.drivers(),
      snapshotter: this.#options.snapshotter,
      containerd,
      eventReaders: this.#options.events.readers,
      host: this.#host,
      warnings: reachable ? [] : [`WARNING: containerd does not answer on ${containerd.address}`],
    }
  }

  async version(call: { readonly signal?: AbortSignal | undefined } = {}): Promise<EngineVersion> {
    return {
      version: engineVersion,
      containerd: await this.#containerd(call.signal),
      node: process.versions.node,
      kernelVersion: this.#host.kernelVersion,
      architecture: this.#host.architecture,
    }
  }

  /** Counts what images, containers and volumes take up. Reads every directory of every local volume. */
  async df(call: { readonly signal?: AbortSignal | undefined } = {}): Promise<DiskUsage> {
    const { containers, images, volumes } = this.#options
    const [found, listed] = [await images.list(), await volumes.volumes.list({}, call)]
    const usages: VolumeUsage[] = []
    for (const volume of listed.volumes) usages.push({ volume, bytes: await this.#bytesOf(volume, call.signal) })
    const layersBytes = found.reduce((sum, image) => sum + image.sizeBytes, 0)
    return { layersBytes, images: found, containers: containers.list({ all: true }), volumes: usages }
  }

  /**
   * Events from now on, or from `sinceNs` on as far as they are kept. The reader is registered when this returns.
   *
   * @throws PouchError `exhausted` from the iteration when they are read too slowly
   */
  events({ filters = {}, ...range }: EventQuery = {}): AsyncIterable<EngineEvent> {
    return filtered(this.#options.events.read(range), filters)
  }

  async #containerd(signal: AbortSignal | undefined): Promise<ContainerdFacts> {
    const { containerd } = this.#options
    const { address, namespace } = containerd
    try {
      return { address, namespace, ...(await containerd.version({ signal })) }
    } catch (error) {
      if (!hasCode(error, 'unavailable') && !hasCode(error, 'timeout')) throw error
      return { address, namespace, version: '', revision: '' }
    }
  }

  async #bytesOf(volume: Volume, signal: AbortSignal | undefined): Promise<number> {
    if (volume.mountpoint === undefined) return -1
    try {
      return await directoryBytes(volume.mountpoint, signal)
    } catch (error) {
      signal?.throwIfAborted()
      this.#options.log.warn({ err: error, volume: volume.name }, 'the size of a volume could not be counted')
      return -1
    }
  }
}

async function* filtered(events: AsyncIterable<EngineEvent>, filters: EventFilters): AsyncGenerator<EngineEvent> {
  for await (const event of events) if (matchesEvent(event, filters)) yield event
}
