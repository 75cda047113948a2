import type { EngineParts, Work } from './engine-parts.js'
import type { VolumeCall } from './volume.js'

/** What may copy a volume takes as long as the volume is large. */
const patienceMs = 3_600_000

/** The work of an operation that may copy a volume: an hour for each call of the driver, unless the caller tells otherwise. */
export function patient({ timeoutMs }: Pick<EngineParts, 'timeoutMs'>, work: Work, call: VolumeCall): Work {
  return call.timeoutMs === undefined ? { ...work, timeoutMs: Math.max(timeoutMs, patienceMs) } : work
}
