import { setMaxListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PouchError } from '@pouch/errors'
import type { DriverCall } from './driver.js'
import { callDriver } from './driver-call.js'
import { scopeOf } from './driver-scope.js'
import type { OpenDriver } from './driver-table.js'
import { driverVolume } from './driver-volume.js'
import type { EngineParts } from './engine-parts.js'
import { mountsOf } from './mounts-of.js'
import { isAway } from './pending-operation.js'
import { recordedSecrets } from './recorded-secrets.js'
import { maskedOptions } from './secrets.js'
import { wholeSnapshots } from './snapshot-record.js'
import type { Reference, Volume, VolumeStatus } from './volume.js'
import { VolumeEntry } from './volume-entry.js'
import type { ReferenceRecord, VolumeRecord } from './volume-record.js'

/** How many volumes one driver is asked about at a time. */
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

  /** The public form of a volume that no record has. */
  showFound(record: VolumeRecord, path: string | undefined): Volume {
    const entry = new VolumeEntry(record, '')
    entry.mountpoint = path
    return this.#volumeOf(entry)
  }

  /** Learns where a volume is. @throws what its driver throws */
  async locate(entry: VolumeEntry, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (!this.#isUnlocated(entry)) return
    const { record } = entry
    const { definition, driver } = this.#parts.drivers.get(record.driver, 'inspect', record.name)
    const scope = scopeOf(this.#parts, 'inspect', record, { timeoutMs, signal })
    const volume = driverVolume(definition, record)
    const path = await callDriver(scope, (call) => driver.path(volume, call))
    this.#found(entry, record, path)
  }

  /** Learns where volumes are, and tells what could not be learned: one warning a driver, whose volumes are not asked on. */
  async locateAll(entries: readonly VolumeEntry[], timeoutMs: number, signal?: AbortSignal): Promise<string[]> {
    const unlocated = new Map<string, VolumeEntry[]>()
    for (const entry of entries) {
      if (!this.#isUnlocated(entry)) continue
      const others = unlocated.get(entry.record.driver)
      if (others === undefined) unlocated.set(entry.record.driver, [entry])
      else others.push(entry)
    }
    if (unlocated.size === 0) return []
    // As many listen to it as workers ask at a time, more than Node takes for a leak.
    const stop = signal === undefined ? undefined : AbortSignal.any([signal])
    if (stop !== undefined) setMaxListeners(0, stop)
    const told = [...unlocated].map(([driver, queue]) => this.#locateOf(driver, queue, timeoutMs, stop))
    return (await Promise.all(told)).flat()
  }

  /** Of one driver: one that hangs holds up no other. Between the calls others have their turn. */
  async #locateOf(
    driver: string,
    entries: readonly VolumeEntry[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    try {
      for (let at = 0; at < entries.length; at += asked) {
        await this.#locateSome(driver, entries.slice(at, at + asked), { timeoutMs, signal })
        await nextTurn()
      }
      return []
    } catch (error) {
      return [`list ${driver}: ${PouchError.from(error).message}`]
    }
  }

  /** In one call of the driver, as it were: a deadline for each of 100,000 volumes would cost more than asking for them. */
  async #locateSome(
    name: string,
    entries: readonly VolumeEntry[],
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const [first] = entries
    const open = this.#parts.drivers.find(name)
    if (first === undefined || open === undefined) return
    const secrets = () => recordedSecrets(this.#parts, name)
    const scope = { ...scopeOf(this.#parts, 'inspect', first.record, limits), secrets }
    await callDriver(scope, async (call) => {
      await Promise.all(entries.map((entry) => this.#ask(entry, open, call)))
    })
  }

  async #ask(entry: VolumeEntry, { definition, driver }: OpenDriver, call: DriverCall): Promise<void> {
    const { record } = entry
    const path = await driver.path(driverVolume(definition, record), call)
    this.#found(entry, record, path)
  }

  #found(entry: VolumeEntry, asked: VolumeRecord, path: string | undefined): void {
    // It may have moved meanwhile.
    if (!isSamePlace(entry.record, asked) || isElsewhere(entry.record)) return
    entry.mountpoint = path
    entry.shown = undefined
  }

  #isUnlocated(entry: VolumeEntry): boolean {
    if (entry.mountpoint !== undefined || entry.record.phase !== 'ready' || isElsewhere(entry.record)) return false
    const { drivers } = this.#parts
    return drivers.find(entry.record.driver) !== undefined && mountsOf(drivers, entry) === undefined
  }

  #volumeOf(entry: VolumeEntry): Volume {
    const { record } = entry
    const open = this.#parts.drivers.find(record.driver)
    return Object.freeze({
      name: record.name,
      driver: record.driver,
      options: Object.freeze(maskedOptions(this.#parts.drivers.definitionOf(record.driver), record.options)),
      labels: Object.freeze(record.labels),
      createdAt: record.createdAt,
      mountpoint: this.#isMounting(entry, open) ? this.#mountedPath(entry) : entry.mountpoint,
      scope: open?.driver.traits.scope ?? 'local',
      sizeBytes: record.sizeBytes,
      references: record.references.length === 0 ? nobody : Object.freeze(record.references.map(publicReference)),
      anonymous: record.anonymous,
      snapshotCount: wholeSnapshots(record.snapshots).length,
      status: this.#statusOf(entry),
    })
  }

  #isMounting(entry: VolumeEntry, open: OpenDriver | undefined): boolean {
    return open?.driver.mounts !== undefined && mountsOf(this.#parts.drivers, entry) !== undefined
  }

  #mountedPath(entry: VolumeEntry): string | undefined {
    const { hostName } = this.#parts
    return entry.record.references.find(({ host, state }) => host === hostName && state === 'mounted')?.path
  }

  #statusOf(entry: VolumeEntry): VolumeStatus | undefined {
    const { phase, driver } = entry.record
    if (entry.problem !== undefined) return Object.freeze({ phase, error: entry.problem.message })
    if (entry.isMissing) return Object.freeze({ phase, error: `driver ${driver} no longer has this volume` })
    if (this.#parts.drivers.find(driver) !== undefined) return undefined
    return Object.freeze({ phase, error: `volume driver ${driver} is not available` })
  }
}

const isSamePlace = (one: VolumeRecord, other: VolumeRecord) =>
  one.driver === other.driver && one.options === other.options
const isElsewhere = ({ pending }: VolumeRecord) => pending !== undefined && isAway(pending)

const nobody: readonly Reference[] = Object.freeze([])

/** The public form of a reference. */
export function publicReference({ id, holder, host, readOnly, state, path }: ReferenceRecord): Reference {
  return Object.freeze({ id, holder, host, readOnly, state, path })
}
