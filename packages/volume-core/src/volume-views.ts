import { setMaxListeners } from 'node:events'
import { PouchError } from '@pouch/errors'
import { callDriver } from './driver-call.js'
import { driverVolume } from './driver-volume.js'
import type { EngineParts } from './engine-parts.js'
import type { Reference, Volume, VolumeStatus } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { ReferenceRecord } from './volume-record.js'

/** How many volumes a driver is asked about at a time. */
const asked = 64

/** Makes the public form of volumes. Asks a driver for a path once, and only where volumes are always there. */
export class VolumeViews {
  readonly #parts: EngineParts

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /** The public form, from what is known. {@link locate} goes before. */
  show(entry: VolumeEntry): Volume {
    entry.shown ??= this.#volumeOf(entry)
    return entry.shown
  }

  /** Learns where a volume is. @throws what its driver throws */
  async locate(entry: VolumeEntry, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (!this.#isUnlocated(entry)) return
    const { definition, driver } = this.#parts.drivers.get(entry.record.driver, 'inspect', entry.name)
    const scope = { verb: 'inspect', volume: entry.name, driver: driver.name, timeoutMs, signal, log: this.#parts.log }
    const volume = driverVolume(definition, entry.record)
    entry.mountpoint = await callDriver(scope, (call) => driver.path(volume, call))
    entry.shown = undefined
  }

  /** Learns where volumes are, and tells what could not be learned: one warning a driver, whose volumes are not asked on. */
  async locateAll(entries: readonly VolumeEntry[], timeoutMs: number, signal?: AbortSignal): Promise<string[]> {
    const failures = new Map<string, string>()
    const queue = entries.filter((entry) => this.#isUnlocated(entry)).values()
    // As many listen to it as workers ask at a time, more than Node takes for a leak.
    const stop = signal === undefined ? undefined : AbortSignal.any([signal])
    if (stop !== undefined) setMaxListeners(asked, stop)
    const worker = async () => {
      for (const entry of queue) {
        if (failures.has(entry.record.driver)) continue
        try {
          await this.locate(entry, timeoutMs, stop)
        } catch (error) {
          failures.set(entry.record.driver, `list ${entry.record.driver}: ${PouchError.from(error).message}`)
        }
      }
    }
    await Promise.all(Array.from({ length: asked }, worker))
    return [...failures.values()]
  }

  #isUnlocated(entry: VolumeEntry): boolean {
    if (entry.mountpoint !== undefined || entry.record.phase !== 'ready') return false
    const open = this.#parts.drivers.find(entry.record.driver)
    return open !== undefined && open.driver.mounts === undefined
  }

  #volumeOf(entry: VolumeEntry): Volume {
    const { record } = entry
    const open = this.#parts.drivers.find(record.driver)
    return Object.freeze({
      name: record.name,
      driver: record.driver,
      options: Object.freeze(record.options),
      labels: Object.freeze(record.labels),
      createdAt: record.createdAt,
      mountpoint: open === undefined || open.driver.mounts === undefined ? entry.mountpoint : this.#mountedPath(entry),
      scope: open?.driver.traits.scope ?? 'local',
      sizeBytes: record.sizeBytes,
      references: record.references.length === 0 ? nobody : Object.freeze(record.references.map(publicReference)),
      anonymous: record.anonymous,
      snapshotCount: 0,
      status: this.#statusOf(entry),
    })
  }

  #mountedPath(entry: VolumeEntry): string | undefined {
    const { hostName } = this.#parts
    return entry.record.references.find(({ host, state }) => host === hostName && state === 'mounted')?.path
  }

  #statusOf(entry: VolumeEntry): VolumeStatus | undefined {
    const { phase, driver } = entry.record
    if (entry.problem !== undefined) return Object.freeze({ phase, error: entry.problem.message })
    if (this.#parts.drivers.find(driver) !== undefined) return undefined
    return Object.freeze({ phase, error: `volume driver ${driver} is not available` })
  }
}

const nobody: readonly Reference[] = Object.freeze([])

/** The public form of a reference. */
export function publicReference({ id, holder, host, readOnly, state, path }: ReferenceRecord): Reference {
  return Object.freeze({ id, holder, host, readOnly, state, path })
}
