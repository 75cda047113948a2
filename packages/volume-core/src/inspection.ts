import { PouchError } from '@pouch/errors'
import { Backend } from './backend.js'
import type { Catalogue } from './catalogue.js'
import { type Core, noSuchVolume } from './core.js'
import type { Usage } from './driver.js'
import { facetsOf } from './driver-table.js'
import type { EngineParts } from './engine-parts.js'
import type { Inventory } from './inventory.js'
import type { Measuring } from './measuring.js'
import { checkedTimeoutMs } from './requests.js'
import { untold } from './scrubbed.js'
import { secretsIn } from './secrets.js'
import { publicSnapshot, wholeSnapshots } from './snapshot-record.js'
import type { Volume, VolumeCall, VolumeFilter } from './volume.js'
import type { VolumeRecord } from './volume-record.js'
import type { VolumeDetails, VolumeUsage } from './volume-requests.js'

/** What {@link Inspection} works with. */
export interface InspectionParts {
  readonly core: Core
  readonly catalogue: Catalogue
  readonly inventory: Inventory
  readonly measuring: Measuring
}

const measuredAtATime = 8

/** Tells about volumes what takes asking their drivers. Waits for no operation on them. */
export class Inspection {
  readonly #parts: EngineParts
  readonly #with: InspectionParts

  constructor(parts: EngineParts, others: InspectionParts) {
    this.#parts = parts
    this.#with = others
  }

  async describe(name: string, call: VolumeCall): Promise<VolumeDetails> {
    const look = { signal: call.signal, timeoutMs: checkedTimeoutMs(call.timeoutMs ?? this.#parts.timeoutMs) }
    const record = await this.#recordOf(name, look)
    await this.#with.core.summon(record.driver, call.signal)
    const backend = new Backend(this.#parts, record, 'describe')
    const [{ without, facts }, found] = await Promise.all([
      backend.describe(look),
      this.#with.inventory.get(record.driver, name, look),
    ])
    const facets = facetsOf(backend.driver).map((facet) => {
      const isDirect = facet === 'mounts' && backend.mounts === undefined
      return [facet, without[facet] ?? (isDirect ? 'the volume is always there, and needs no mount' : true)] as const
    })
    const secrets = secretsIn(backend.definition, record.options)
    return Object.freeze({
      facets: Object.freeze(untold(Object.fromEntries(facets), secrets)),
      facts: Object.freeze(untold({ ...facts }, secrets)),
      status: untold(found?.status, secrets),
      snapshots: Object.freeze(wholeSnapshots(record.snapshots).map((snapshot) => publicSnapshot(name, snapshot))),
    })
  }

  async measure(name: string, call: VolumeCall): Promise<Usage> {
    return await this.#with.measuring.measure(name, call)
  }

  async usages(filter: VolumeFilter, call: VolumeCall): Promise<VolumeUsage[]> {
    const { volumes } = await this.#with.catalogue.list(filter, call)
    const usages: VolumeUsage[] = []
    const queue = volumes.entries()
    const worker = async () => {
      for (const [at, volume] of queue) usages[at] = await this.#usageOf(volume, call)
    }
    await Promise.all(Array.from({ length: measuredAtATime }, worker))
    return usages
  }

  async #usageOf(volume: Volume, call: VolumeCall): Promise<VolumeUsage> {
    const { name } = volume
    try {
      const usage = await this.#with.measuring.measureShown(volume, call)
      return Object.freeze({ volume: name, usage, error: undefined })
    } catch (error) {
      if (call.signal?.aborted === true) throw error
      return Object.freeze({ volume: name, usage: undefined, error: PouchError.from(error).message })
    }
  }

  async #recordOf(
    name: string,
    look: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
  ): Promise<VolumeRecord> {
    const entry = this.#parts.volumes.find(name)
    if (entry?.isVisible === true) return entry.record
    const { inventory } = this.#with
    const found = entry === undefined ? await inventory.find(name, look) : undefined
    if (found === undefined) throw noSuchVolume(name, 'get')
    return inventory.recordOf(found)
  }
}
