import type { EngineParts } from './engine-parts.js'
import { matcher } from './filters.js'
import type { Inventories, Inventory } from './inventory.js'
import type { Volume, VolumeCall, VolumeFilter, VolumeList } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'
import type { VolumeViews } from './volume-views.js'

/** What {@link Catalogue} works with. */
export interface CatalogueParts {
  readonly views: VolumeViews
  readonly inventory: Inventory
}

/** With the moment that a driver has to come to rest, a list waits two seconds for a driver; then it warns. */
const listTimeoutMs = 1400

/** Lists volumes: those that are recorded, and those that only a backend has. */
export class Catalogue {
  readonly #parts: EngineParts
  readonly #with: CatalogueParts

  constructor(parts: EngineParts, others: CatalogueParts) {
    this.#parts = parts
    this.#with = others
  }

  async list(filter: VolumeFilter, call: VolumeCall): Promise<VolumeList> {
    const { inventory, views } = this.#with
    const endMs = performance.now() + Math.min(listTimeoutMs, call.timeoutMs ?? listTimeoutMs)
    await this.#parts.late.settled(endMs - performance.now())
    const matches = matcher(filter)
    const entries = this.#parts.volumes.ordered().filter((entry) => entry.isVisible && matches(entry.record))
    const timeoutMs = Math.max(1, Math.round(endMs - performance.now()))
    if (inventory.isThere) return await this.#listAll(entries, matches, { signal: call.signal, timeoutMs })
    const slow = await views.locateAll(entries, timeoutMs, call.signal)
    return this.#told(entries, slow)
  }

  async #listAll(
    entries: readonly VolumeEntry[],
    matches: (record: VolumeRecord) => boolean,
    look: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
  ): Promise<VolumeList> {
    const { inventory, views } = this.#with
    // What changes while the backends are asked is not judged by their answers.
    const records = entries.map(({ record }) => record)
    const known = new Set(this.#parts.volumes.ordered().map(({ name }) => name))
    const [slow, backends] = await Promise.all([
      views.locateAll(entries, look.timeoutMs, look.signal),
      inventory.list(look),
    ])
    for (const [at, entry] of entries.entries()) judge(entry, records[at], backends)
    const warnings = new Set([...slow, ...backends.warnings])
    const found = this.#onlyFound(known, matches, backends, warnings)
    const told = this.#told(entries, [...warnings])
    if (found.length === 0) return told
    return { ...told, volumes: [...told.volumes, ...found].sort(byName) }
  }

  #told(entries: readonly VolumeEntry[], warnings: readonly string[]): VolumeList {
    const present = entries.filter((entry) => !entry.isGone)
    return {
      volumes: present.map((entry) => this.#with.views.show(entry)),
      warnings: [...this.#parts.volumes.warnings, ...this.#unfinished(present), ...warnings],
    }
  }

  /** Of several drivers that have a name the first is listed, and one of ours before any. */
  #onlyFound(
    known: ReadonlySet<string>,
    matches: (record: VolumeRecord) => boolean,
    backends: Inventories,
    warnings: Set<string>,
  ): Volume[] {
    const { inventory, views } = this.#with
    const listed = new Map<string, string>()
    const volumes: Volume[] = []
    for (const { driver } of this.#parts.drivers.open()) {
      for (const [name, volume] of backends.found.get(driver.name) ?? []) {
        const owner = listed.get(name) ?? (known.has(name) ? this.#parts.volumes.find(name)?.record.driver : undefined)
        if (owner !== undefined && owner !== driver.name) {
          warnings.add(`list ${driver.name}: it has a volume ${name} too; the one of driver ${owner} is used`)
        }
        if (owner !== undefined || known.has(name)) continue
        listed.set(name, driver.name)
        const record = inventory.recordOf({ driver: driver.name, volume })
        if (matches(record)) volumes.push(views.showFound(record, volume.path))
      }
    }
    return volumes
  }

  /** One line for each volume that is unfinished, and for each driver that is not available. */
  #unfinished(entries: readonly VolumeEntry[]): string[] {
    const warnings = new Set<string>()
    for (const { name, record, problem } of entries) {
      const isAvailable = this.#parts.drivers.find(record.driver) !== undefined
      if (!isAvailable) warnings.add(`list ${record.driver}: ${this.#whyUnavailable(record.driver)}`)
      else if (problem !== undefined) warnings.add(`volume ${name} is unfinished: ${problem.message}`)
    }
    return [...warnings]
  }

  #whyUnavailable(driver: string): string {
    const info = this.#parts.drivers.infos().find(({ name }) => name === driver)
    return info?.error?.message ?? `there is no volume driver ${driver}`
  }
}

/** Whether a backend that has answered has a volume still. */
function judge(entry: VolumeEntry, record: VolumeRecord | undefined, { found }: Inventories): void {
  const named = found.get(entry.record.driver)
  if (named === undefined || entry.record !== record || record.phase !== 'ready') return
  entry.isMissing = !named.has(entry.name) && record.pending === undefined
}

const byName = (one: Volume, other: Volume) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0)
