import { hasCode, PouchError } from '@pouch/errors'
import type { Core } from './core.js'
import type { EngineParts } from './engine-parts.js'
import { prunable } from './filters.js'
import type { Measuring } from './measuring.js'
import type { PruneRequest, PruneResult, VolumeCall } from './volume.js'

const removedAtATime = 16
/** For all volumes together: what they took up is good to know, and no reason to wait. */
const measureBudgetMs = 5000

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
    const isLocal = (driver: string) => this.#parts.drivers.find(driver)?.driver.traits.scope === 'local'
    const takes = prunable(request, isLocal)
    const queue = this.#parts.volumes
      .ordered()
      .filter((entry) => entry.isVisible && takes(entry.record))
      .values()
    const measureUntilMs = performance.now() + measureBudgetMs
    const tally: Tally = { removed: [], warnings: [], measureUntilMs, reclaimedBytes: 0 }
    const worker = async () => {
      for (const { name } of queue) {
        if (call.signal?.aborted === true) return
        await this.#removeOne(name, call, tally)
      }
    }
    await Promise.all(Array.from({ length: removedAtATime }, worker))
    const { removed, reclaimedBytes, warnings } = tally
    return Object.freeze({ removed: removed.sort(), reclaimedBytes, warnings })
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
