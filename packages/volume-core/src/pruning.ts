import { hasCode, PouchError } from '@pouch/errors'
import type { Core } from './core.js'
import type { EngineParts } from './engine-parts.js'
import { prunable } from './filters.js'
import type { Measuring } from './measuring.js'
import type { PruneRequest, PruneResult, VolumeCall } from './volume.js'
import type { VolumeRecord } from './volume-record.js'

const removedAtATime = 16
/** For all volumes together: what they took up is good to know, and no reason to wait. */
const measureBudgetMs = 5000
/** A warning is a line for people. */
const namedAtMost = 10

interface Tally {
  readonly removed: string[]
  readonly warnings: string[]
  readonly measureUntilMs: number
  reclaimedBytes: number
}

/** Removes the volumes that nobody holds. */
export class Pruning {
  readonly #parts: EngineParts
  readonly #core: Core
  readonly #measuring: Measuring
  #isPruning = false

  constructor(parts: EngineParts, core: Core, measuring: Measuring) {
    this.#parts = parts
    this.#core = core
    this.#measuring = measuring
  }

  /** @throws PouchError `conflict` while another prune runs */
  async prune(request: PruneRequest, call: VolumeCall): Promise<PruneResult> {
    if (this.#isPruning)
      throw new PouchError('conflict', 'a prune operation is already running', { op: 'volume.prune' })
    this.#isPruning = true
    try {
      const result = await this.#pruneAll(request, call)
      this.#parts.events.emit('volume.pruned', result)
      return result
    } finally {
      this.#isPruning = false
    }
  }

  async #pruneAll(request: PruneRequest, call: VolumeCall): Promise<PruneResult> {
    const { names, warnings } = this.#sorted(request)
    const queue = names.values()
    const measureUntilMs = performance.now() + measureBudgetMs
    const tally: Tally = { removed: [], warnings, measureUntilMs, reclaimedBytes: 0 }
    const worker = async () => {
      for (const name of queue) {
        if (call.signal?.aborted === true) return
        await this.#removeOne(name, call, tally)
      }
    }
    await Promise.all(Array.from({ length: removedAtATime }, worker))
    const { removed, reclaimedBytes } = tally
    return Object.freeze({ removed: removed.sort(), reclaimedBytes, warnings })
  }

  /** The volumes to remove, and a line for each reason why others are left. */
  #sorted(request: PruneRequest): { names: string[]; warnings: string[] } {
    const names: string[] = []
    const left = new Map<string, string[]>()
    const isWanted = prunable(request)
    for (const { name, record, isVisible } of this.#parts.volumes.ordered()) {
      if (!isVisible || !isWanted(record)) continue
      const why = this.#whyLeft(record)
      if (why === undefined) names.push(name)
      else if (!left.get(why)?.push(name)) left.set(why, [name])
    }
    return { names, warnings: [...left].map(([why, volumes]) => leftAlone(volumes, why)) }
  }

  /** As Docker's prune: options and drivers of other hosts may lead to data that is not ours alone. */
  #whyLeft({ driver, options }: VolumeRecord): string | undefined {
    const open = this.#parts.drivers.find(driver)
    if (open === undefined) return `volume driver ${driver} is not available`
    if (open.driver.traits.scope !== 'local') return `driver ${driver} shares them with other hosts`
    return Object.keys(options).length > 0 ? 'with driver options the data may not be of this volume alone' : undefined
  }

  /** One that was taken, or removed, by somebody else meanwhile is none of ours. */
  async #removeOne(name: string, call: VolumeCall, tally: Tally): Promise<void> {
    try {
      const bytes = await this.#bytesOf(name, call, tally.measureUntilMs)
      await this.#core.remove(name, call)
      tally.removed.push(name)
      tally.reclaimedBytes += bytes
    } catch (error) {
      if (hasCode(error, 'in-use') && 'holders' in error.details) return
      if (hasCode(error, 'not-found') || hasCode(error, 'aborted')) return
      tally.warnings.push(PouchError.from(error).message)
      this.#parts.log.warn({ volume: name, err: error }, 'a volume was not pruned')
    }
  }

  /** What cannot be learned in time counts nothing. */
  async #bytesOf(name: string, { signal }: VolumeCall, untilMs: number): Promise<number> {
    const timeoutMs = Math.floor(untilMs - performance.now())
    if (timeoutMs <= 0) return 0
    try {
      const { usedBytes } = await this.#measuring.measure(name, { signal, timeoutMs })
      return usedBytes
    } catch (error) {
      this.#parts.log.debug(
        { volume: name, err: error },
        'what a volume takes up could not be learned before its removal',
      )
      return 0
    }
  }
}

function leftAlone(volumes: readonly string[], why: string): string {
  const names = volumes.slice(0, namedAtMost).join(', ')
  const more = volumes.length > namedAtMost ? ` and ${volumes.length - namedAtMost} more` : ''
  return `prune left ${names}${more}: ${why}; remove what you want gone by its name`
}
