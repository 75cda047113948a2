import { PouchError } from '@pouch/errors'
import { freeze, thaw } from '@pouch/quota'
import type { DriverCall } from '@pouch/volume-core/driver'

/** How long those who write to a volume may be held for a snapshot of it. */
export const freezeLimitMs = 10_000

/**
 * Does something while nobody can write to a filesystem. When it takes too long the writers go on, and what was done is of no use. A filesystem
 * that a crash leaves frozen is thawed when the driver is opened again.
 *
 * @param path of a filesystem that belongs to one volume alone
 * @throws PouchError `in-use` when the time did not suffice
 */
export async function frozen<T>(
  path: string,
  { signal, log }: DriverCall,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  let thawing: Promise<void> | undefined
  const giveUp = () => {
    limit.abort()
    thawing = thaw(path)
    thawing.catch((error: unknown) =>
      log.error({ err: error, path }, 'a volume that was frozen for a snapshot cannot be thawed'),
    )
  }
  await freeze(path)
  const timer = setTimeout(giveUp, freezeLimitMs)
  try {
    const result = await work(AbortSignal.any([signal, limit.signal]))
    if (!limit.signal.aborted) return result
  } catch (error) {
    if (!limit.signal.aborted) throw error
  } finally {
    clearTimeout(timer)
    await (thawing ?? thaw(path))
  }
  const message =
    `its image cannot be copied in the ${freezeLimitMs / 1000} s for which its writers are held; ` +
    'stop what uses it, or keep the volumes on a filesystem that shares blocks (xfs, btrfs)'
  throw new PouchError('in-use', message, { op: 'local', subject: path, details: { freezeLimitMs } })
}
