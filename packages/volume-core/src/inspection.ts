import { abortError, PouchError } from '@pouch/errors'
import { Backend } from './backend.js'
import type { Catalogue } from './catalogue.js'
import { type Core, lookTimeoutMs, noSuchVolume } from './core.js'
import type { Usage } from './driver.js'
import { facetsOf } from './driver-table.js'
import type { EngineParts, Look } from './engine-parts.js'
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

  /** A driver that cannot tell leaves what is recorded, with the reason. */
  async describe(name: string, call: VolumeCall): Promise<VolumeDetails> {
    const look = { signal: call.signal, timeoutMs: checkedTimeoutMs(call.timeoutMs ?? this.#parts.timeoutMs) }
    const record = await this.#recordOf(name, look)
    const [description, found] = await this.#askDriver(record, call)
    const error = reasonOf(description) ?? reasonOf(found)
    const secrets = secretsIn(this.#parts.drivers.find(record.driver)?.definition, record.options)
    const { facets, facts } = description.status === 'fulfilled' ? description.value : nothingTold
    return Object.freeze({
      facets: Object.freeze(untold(facets, secrets)),
      facts: Object.freeze(untold({ ...facts }, secrets)),
      status: found.status === 'fulfilled' ? untold(found.value?.status, secrets) : undefined,
      snapshots: Object.freeze(wholeSnapshots(record.snapshots).map((snapshot) => publicSnapshot(name, snapshot))),
      ...(error === undefined ? {} : { error: untold(error, secrets) }),
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

  /** What a driver tells of a volume, and what its backend does. All of it within one time. @throws only when the caller leaves */
  async #askDriver(record: VolumeRecord, call: VolumeCall) {
    const { name, driver } = record
    const { signal } = call
    const limitMs = call.timeoutMs ?? Math.min(lookTimeoutMs, this.#parts.timeoutMs)
    const startedMs = performance.now()
    await this.#with.core.summonForLook(driver, { signal, timeoutMs: limitMs })
    const look = { signal, timeoutMs: Math.max(1, Math.round(limitMs - (performance.now() - startedMs))) }
    const told = await Promise.allSettled([
      describeBy(this.#parts, record, look),
      this.#with.inventory.get(driver, name, look, 'describe'),
    ])
    if (signal?.aborted === true) throw abortError(signal, { op: 'volume.describe', subject: name })
    return told
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

const nothingTold = Object.freeze({ facets: {}, facts: {} })

async function describeBy(parts: EngineParts, record: VolumeRecord, look: Look) {
  const backend = new Backend(parts, record, 'describe')
  const { without, facts } = await backend.describe(look)
  const facets = facetsOf(backend.driver).map((facet) => {
    const isDirect = facet === 'mounts' && backend.mounts === undefined
    return [facet, without[facet] ?? (isDirect ? 'the volume is always there, and needs no mount' : true)] as const
  })
  return { facets: Object.fromEntries(facets), facts }
}

function reasonOf(told: PromiseSettledResult<unknown>): string | undefined {
  return told.status === 'rejected' ? PouchError.from(told.reason).message : undefined
}
