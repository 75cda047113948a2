import type { Container, ContainerManager } from '@pouch/container-manager'
import type { ContainerdClient } from '@pouch/ctrd-client'
import { hasCode } from '@pouch/errors'
import type { Image, ImageManager } from '@pouch/image-manager'
import type { DriverHealth, DriverInfo, Usage, Volume, VolumeEngine } from '@pouch/volume-core'
import { type EngineEvent, type EventFilters, matchesEvent } from './engine-event.js'
import type { EventLog, EventRange } from './event-log.js'
import { type HostFacts, hostFacts } from './host-facts.js'
import { runcVersion } from './runc-version.js'
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
  /** The commit of the host's runc, or its version; empty when it tells neither. */
  readonly runc: string
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
  readonly volumes: readonly VolumeDiskUsage[]
}

/** A volume and what it takes up. */
export interface VolumeDiskUsage {
  readonly volume: Volume
  /** `undefined` when that is not to be learned now, such as of a volume that is not mounted. */
  readonly usage: Usage | undefined
}

/** A volume driver, and how its backend is. */
export interface DriverReport extends Pick<DriverHealth, 'health'> {
  readonly driver: DriverInfo
  /** Why its health is not known: it could not be opened, it failed, or it did not answer in time. */
  readonly healthError: DriverHealth['error']
}

/** What to ask for with {@link SystemManager.events}. */
export interface EventQuery extends EventRange {
  readonly filters?: EventFilters | undefined
}

/** The engine as a whole: what it is, what happens in it, and what it takes up. */
export class SystemManager {
  readonly #options: SystemManagerOptions
  readonly #host: HostFacts = hostFacts()
  #runc: Promise<string> | undefined

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
      runc: await this.#runcVersion(),
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

  /** The volume drivers, as they were opened. */
  driverInfos(): readonly DriverInfo[] {
    return this.#options.volumes.drivers()
  }

  /** The volume drivers, and how the backend of each is now: at most 2 s, whatever a driver does. */
  async drivers(call: { readonly signal?: AbortSignal | undefined } = {}): Promise<DriverReport[]> {
    const { volumes } = this.#options
    const told = new Map((await volumes.health(call)).map((health) => [health.driver, health]))
    return this.driverInfos().map((driver) => {
      const { health, error } = told.get(driver.name) ?? {}
      return { driver, health, healthError: error }
    })
  }

  /** What images, containers and volumes take up: volumes by their quotas where they have one, else every file is looked at. */
  async df(call: { readonly signal?: AbortSignal | undefined } = {}): Promise<DiskUsage> {
    const { containers, images, volumes } = this.#options
    const found = await images.list()
    const [listed, measured] = await Promise.all([volumes.volumes.list({}, call), volumes.volumes.usages({}, call)])
    const usages = new Map(measured.map(({ volume, usage }) => [volume, usage]))
    return {
      layersBytes: found.reduce((sum, image) => sum + image.sizeBytes, 0),
      images: found,
      containers: containers.list({ all: true }),
      volumes: listed.volumes.map((volume) => ({ volume, usage: usages.get(volume.name) })),
    }
  }

  /**
   * Events from now on, or from `sinceNs` on as far as they are kept. The reader is registered when this returns.
   *
   * @throws PouchError `exhausted` from the iteration when they are read too slowly
   */
  events({ filters = {}, ...range }: EventQuery = {}): AsyncIterable<EngineEvent> {
    return filtered(this.#options.events.read(range), filters)
  }

  /** Asked once it is known; a runc that is installed later is found then. */
  async #runcVersion(): Promise<string> {
    this.#runc ??= runcVersion()
    const told = await this.#runc
    if (told === '') this.#runc = undefined
    return told
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
}

async function* filtered(events: AsyncIterable<EngineEvent>, filters: EventFilters): AsyncGenerator<EngineEvent> {
  for await (const event of events) if (matchesEvent(event, filters)) yield event
}
