/** A step of a load, an import or a pull, worded as Docker does. */
export interface Progress {
  /** The layer's short id, or the tag; absent for lines about the whole. */
  readonly id?: string
  /** `Downloading`, `Pull complete`, `Status: Image is up to date for …`. */
  readonly status: string
  /** Bytes done, of {@link Progress.total}. */
  readonly current?: number
  readonly total?: number
}

/** Told each step. What it throws fails the operation. */
export type ProgressListener = (progress: Progress) => void

const intervalMs = 100

/**
 * Counts the bytes of one layer for a listener: at most ten times a second, and never backwards.
 *
 * @param status what is being done, as `Downloading`
 */
export function byteProgress(
  listener: ProgressListener | undefined,
  step: { readonly id: string; readonly status: string; readonly total: number },
): (current: number) => void {
  let toldAtMs = 0
  let highest = -1
  return (current) => {
    const nowMs = performance.now()
    if (listener === undefined || current <= highest || nowMs - toldAtMs < intervalMs) return
    toldAtMs = nowMs
    highest = current
    listener({ id: step.id, status: step.status, current, total: step.total })
  }
}
