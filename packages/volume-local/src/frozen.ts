import { hasCode, PouchError } from '@pouch/errors'
import { whileFrozen } from '@pouch/quota'
import type { DriverCall } from '@pouch/volume-core/driver'

/** How long those who write to a volume may be held for a snapshot of it. */
const freezeLimitMs = 10_000

/**
 * Does something while nobody can write to a filesystem. When it takes too long the writers go on, and what was done is of no use; they go
 * on too when this process is killed meanwhile. What even that leaves frozen is thawed when the driver is opened again.
 *
 * @param path of a filesystem that belongs to one volume alone
 * @throws PouchError `in-use` when the time did not suffice
 */
export async function frozen<T>(
  path: string,
  { signal }: DriverCall,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await whileFrozen(path, work, { limitMs: freezeLimitMs, signal })
  } catch (cause) {
    if (signal.aborted || !hasCode(cause, 'timeout')) throw cause
    const message =
      `its image cannot be copied in the ${freezeLimitMs / 1000} s for which its writers are held; ` +
      'stop what uses it, or keep the volumes on a filesystem that shares blocks (xfs, btrfs)'
    throw new PouchError('in-use', message, { op: 'local', subject: path, details: { freezeLimitMs }, cause })
  }
}
