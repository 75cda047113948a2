import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from '@pouch/errors'
import { type ByteName, shownName } from './byte-name.js'
import type { TreeCall, TreeTotals, TreeWarningCode } from './tree-call.js'

const betweenMs = 100
const mostBusyMs = 2

/** Counts what is done, tells it on, and stops the work when the caller has gone. */
export class Progress {
  readonly #op: string
  readonly #root: string
  readonly #call: TreeCall
  #entries = 0
  #bytes = 0
  #warnings = 0
  #toldAtMs = performance.now()
  #pausedAtMs = performance.now()

  constructor(op: string, root: string, call: TreeCall) {
    this.#op = op
    this.#root = root
    this.#call = call
  }

  /** @throws PouchError `aborted` */
  check(): void {
    throwIfAborted(this.#call.signal, { op: this.#op, subject: this.#root })
  }

  /** Whether the work has had the thread for a while: what is in memory comes without a wait. */
  get isPauseDue(): boolean {
    return performance.now() - this.#pausedAtMs >= mostBusyMs
  }

  /** Lets others run when they have waited for a while. */
  async pause(): Promise<void> {
    if (!this.isPauseDue) return
    await setImmediate()
    this.#pausedAtMs = performance.now()
  }

  /** One more entry is done. */
  entry(): void {
    this.#entries += 1
    this.#tell()
  }

  /** More content is done. */
  content(bytes: number): void {
    this.#bytes += bytes
    this.#tell()
  }

  warn(code: TreeWarningCode, path: ByteName, why: string): void {
    this.#warnings += 1
    const shown = shownName(path)
    this.#call.onWarning?.(Object.freeze({ code, path: shown, message: `${shown}: ${why}` }))
  }

  /** Tells the end. */
  finish(): TreeTotals {
    const totals = Object.freeze({ entries: this.#entries, bytes: this.#bytes, warnings: this.#warnings })
    this.#call.onProgress?.(Object.freeze({ entries: totals.entries, bytes: totals.bytes }))
    return totals
  }

  #tell(): void {
    this.check()
    if (this.#call.onProgress === undefined) return
    const nowMs = performance.now()
    if (nowMs - this.#toldAtMs < betweenMs) return
    this.#toldAtMs = nowMs
    this.#call.onProgress(Object.freeze({ entries: this.#entries, bytes: this.#bytes }))
  }
}
