import { hasCode, PouchError } from '@pouch/errors'
import type { Core } from './core.js'
import type { EngineParts } from './engine-parts.js'
import { matcher, prunable } from './filters.js'
import type { PruneRequest, PruneResult, VolumeCall, VolumeFilter, VolumeList } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeViews } from './volume-views.js'

/** A list waits no longer than this for a driver; then it warns. */
const listTimeoutMs = 2000
const removedAtATime = 16

/** What concerns many volumes at a time: list and prune. */
export class Catalogue {
  readonly #parts: EngineParts
  readonly #core: Core
  readonly #views: VolumeViews
  #isPruning = false

  constructor(parts: EngineParts, core: Core, views: VolumeViews) {
    this.#parts = parts
    this.#core = core
    this.#views = views
  }

  async list(filter: VolumeFilter, call: VolumeCall): Promise<VolumeList> {
    const matches = matcher(filter)
    const entries = this.#parts.volumes.ordered().filter((entry) => entry.isVisible && matches(entry.record))
    const timeoutMs = Math.min(listTimeoutMs, call.timeoutMs ?? listTimeoutMs)
    await this.#parts.late.settled(timeoutMs)
    const slow = await this.#views.locateAll(entries, timeoutMs, call.signal)
    const present = entries.filter((entry) => !entry.isGone)
    return {
      volumes: present.map((entry) => this.#views.show(entry)),
      warnings: [...this.#parts.volumes.warnings, ...this.#unfinished(present), ...slow],
    }
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
    const removed: string[] = []
    const warnings: string[] = []
    const worker = async () => {
      for (const { name } of queue) {
        if (call.signal?.aborted === true) return
        await this.#removeOne(name, call, removed, warnings)
      }
    }
    await Promise.all(Array.from({ length: removedAtATime }, worker))
    return Object.freeze({ removed: removed.sort(), reclaimedBytes: 0, warnings })
  }

  /** One that was taken, or removed, by somebody else meanwhile is none of ours. */
  async #removeOne(name: string, call: VolumeCall, removed: string[], warnings: string[]): Promise<void> {
    try {
      await this.#core.remove(name, call)
      removed.push(name)
    } catch (error) {
      if (hasCode(error, 'in-use') && 'holders' in error.details) return
      if (hasCode(error, 'not-found') || hasCode(error, 'aborted')) return
      warnings.push(PouchError.from(error).message)
    }
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
