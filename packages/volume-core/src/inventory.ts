import { isAbsolute } from 'node:path'
import { hasCode, PouchError } from '@pouch/errors'
import type { FoundVolume, InventoryFacet } from './driver.js'
import { callDriver } from './driver-call.js'
import { keptState } from './driver-volume.js'
import type { EngineParts, Look } from './engine-parts.js'
import { checkVolumeName } from './names.js'
import { recordedSecrets } from './recorded-secrets.js'
import { emptyMap, noReferences, type VolumeRecord } from './volume-record.js'

/** A volume that a backend has. */
export interface Found {
  readonly driver: string
  readonly volume: FoundVolume
}

/** What the backends have: by driver, those that answered. */
export interface Inventories {
  readonly found: ReadonlyMap<string, ReadonlyMap<string, FoundVolume>>
  readonly warnings: readonly string[]
}

/** Where no driver is named each look takes no longer, so that a name which nobody has is soon known not to be there. */
const searchTimeoutMs = 10_000
/** The same for a driver that was away, or hung, in the last search: nobody waits twice for that. */
const awayTimeoutMs = 1_000
/** Who creates a volume and names no driver waits less: a driver that cannot tell stands in nobody's way then. */
export const createSearchMs = 2_000

/** Asks the drivers whose backends know their volumes without us. A failure to tell is never read as absence. */
export class Inventory {
  readonly #parts: EngineParts
  /** The drivers that did not answer when they were searched last, and for how many milliseconds they were waited for. */
  readonly #away = new Map<string, number>()
  readonly #again = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /** Whether there is a driver to ask. */
  get isThere(): boolean {
    return this.#parts.drivers.anyHas('inventory')
  }

  /** Whether a driver is one to ask. */
  has(driver: string): boolean {
    return this.#parts.drivers.find(driver)?.driver.inventory !== undefined
  }

  /** What one driver's backend has under a name; `undefined` also for a driver that has no inventory. @throws why it cannot tell */
  async get(driver: string, name: string, look: Look, verb = 'get'): Promise<FoundVolume | undefined> {
    const facet = this.#parts.drivers.find(driver)?.driver.inventory
    if (facet === undefined) return undefined
    const found = await callDriver(this.#scope(verb, driver, name, look), (call) => facet.get(name, call))
    return found === undefined ? undefined : checked(driver, name, found)
  }

  /**
   * What any backend has under a name: of several, that of the driver which comes first. All are asked at a time.
   *
   * @param patienceMs how long a driver is waited for that answered the last time
   * @throws PouchError `unavailable` when nobody has it and somebody could not tell
   */
  async find(name: string, look: Look, patienceMs = searchTimeoutMs): Promise<Found | undefined> {
    const drivers = this.#drivers()
    if (drivers.length === 0) return undefined
    const patient = { signal: look.signal, timeoutMs: Math.min(look.timeoutMs, patienceMs) }
    const answers = await Promise.allSettled(drivers.map(([driver]) => this.#search(driver, name, patient)))
    const at = answers.findIndex((answer) => answer.status === 'fulfilled' && answer.value !== undefined)
    const answer = answers[at]
    const driver = drivers[at]?.[0]
    if (answer?.status === 'fulfilled' && answer.value !== undefined && driver !== undefined) {
      return { driver, volume: answer.value }
    }
    for (const { reason } of answers.filter((other) => other.status === 'rejected')) throw untold(name, reason)
    return undefined
  }

  /** A driver that was waited for in vain for as long as this before is waited for only shortly. */
  async #search(driver: string, name: string, { signal, timeoutMs }: Look): Promise<FoundVolume | undefined> {
    const isShort = (this.#away.get(driver) ?? 0) >= timeoutMs && timeoutMs > awayTimeoutMs
    const limitMs = isShort ? awayTimeoutMs : timeoutMs
    try {
      const found = await this.get(driver, name, { signal, timeoutMs: limitMs })
      this.#away.delete(driver)
      return found
    } catch (error) {
      if (hasCode(error, 'unavailable') && (await this.#isDismissed(driver))) {
        this.#away.delete(driver)
        return undefined
      }
      this.#remember(driver, error, limitMs)
      if (isShort && hasCode(error, 'timeout')) this.#lookAgain(driver, name)
      throw error
    }
  }

  /** One that hangs was waited for in vain for so long; one that is away is so for any wait. Who left has learned nothing. */
  #remember(driver: string, error: unknown, waitedMs: number): void {
    if (hasCode(error, 'aborted')) return
    if (hasCode(error, 'unavailable')) this.#away.set(driver, searchTimeoutMs)
    else if (hasCode(error, 'timeout')) this.#away.set(driver, Math.max(waitedMs, this.#away.get(driver) ?? 0))
    else this.#away.delete(driver)
  }

  /** A driver that is only slow never answers a short look: one that nobody waits for finds out. */
  #lookAgain(driver: string, name: string): void {
    if (this.#again.has(driver) || this.#stop.signal.aborted) return
    const look = async () => {
      try {
        await this.get(driver, name, { signal: this.#stop.signal, timeoutMs: searchTimeoutMs })
        this.#away.delete(driver)
      } catch (error) {
        this.#remember(driver, error, searchTimeoutMs)
        this.#parts.log.debug({ driver, err: error }, 'a driver that did not answer in time does not answer still')
      } finally {
        this.#again.delete(driver)
      }
    }
    this.#again.set(driver, look())
  }

  /** Ends the looks that nobody waits for. Called when no operation is in flight. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#again.values())
  }

  /** What all backends have. One that fails, or is slow, is warned about. */
  async list(look: Look): Promise<Inventories> {
    const found = new Map<string, ReadonlyMap<string, FoundVolume>>()
    const warnings: string[] = []
    const ask = async ([driver, facet]: readonly [string, InventoryFacet]) => {
      try {
        const volumes = await callDriver(this.#scope('list', driver, driver, look), (call) => facet.list(call))
        found.set(driver, this.#byName(driver, volumes, warnings))
      } catch (error) {
        if (hasCode(error, 'unavailable') && (await this.#isDismissed(driver))) return
        warnings.push(PouchError.from(error).message)
      }
    }
    await Promise.all(this.#drivers().map(ask))
    return { found, warnings: warnings.sort() }
  }

  /** What the record of a found volume would be. */
  recordOf({ driver, volume }: Found): VolumeRecord {
    const { name, createdAt, sizeBytes, state } = volume
    return {
      name,
      driver,
      options: emptyMap,
      labels: emptyMap,
      createdAt: createdAt ?? new Date(0).toISOString(),
      anonymous: false,
      phase: 'ready',
      references: noReferences,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(state === undefined ? {} : { state }),
    }
  }

  /** A driver that is not on this host any more, and has no volumes of ours, is nobody's concern. */
  async #isDismissed(driver: string): Promise<boolean> {
    const { late, volumes } = this.#parts
    return await late.dismiss(driver, () => volumes.ordered().some(({ record }) => record.driver === driver))
  }

  #drivers(): (readonly [string, InventoryFacet])[] {
    return this.#parts.drivers
      .open()
      .flatMap(({ driver }) => (driver.inventory === undefined ? [] : [[driver.name, driver.inventory] as const]))
  }

  #byName(driver: string, volumes: readonly FoundVolume[], warnings: string[]): ReadonlyMap<string, FoundVolume> {
    const named = new Map<string, FoundVolume>()
    for (const volume of volumes) {
      try {
        named.set(volume.name, checked(driver, volume.name, volume))
      } catch (error) {
        warnings.push(`list ${driver}: ${PouchError.from(error).message}`)
      }
    }
    return named
  }

  #scope(verb: string, driver: string, volume: string, { signal, timeoutMs }: Look) {
    const secrets = () => recordedSecrets(this.#parts, driver)
    return { verb, volume, driver, timeoutMs, signal, log: this.#parts.log, secrets }
  }
}

/** A backend's answer is outside input. @throws PouchError `internal`, `invalid-argument` */
function checked(driver: string, name: string, found: FoundVolume): FoundVolume {
  checkVolumeName(found.name, 'get')
  if (found.name !== name)
    throw new PouchError('internal', `driver ${driver} was asked for ${name} and told of another`)
  const { createdAt, path, sizeBytes, status } = found
  const state = keptState(driver, found.state)
  const made = createdAt === undefined ? Number.NaN : Date.parse(createdAt)
  return Object.freeze({
    name,
    ...(Number.isNaN(made) ? {} : { createdAt: new Date(made).toISOString() }),
    ...(path !== undefined && isAbsolute(path) ? { path } : {}),
    ...(sizeBytes !== undefined && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0 ? { sizeBytes } : {}),
    ...(status === undefined ? {} : { status }),
    ...(state === undefined ? {} : { state }),
  })
}

function untold(name: string, reason: unknown): PouchError {
  if (hasCode(reason, 'aborted')) return reason
  const { message, details } = PouchError.from(reason)
  const text = `get ${name}: no such volume is recorded, and a driver that may have it could not tell: ${message}`
  return new PouchError('unavailable', text, { op: 'volume.get', subject: name, details, cause: reason })
}
