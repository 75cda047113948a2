import { isPouchError } from '@pouch/errors'
import { forEachName } from '../failure.js'
import { printInspected } from '../format/inspected.js'
import type { Session } from '../session.js'
import { lacksRoute, quickUsage } from '../volume-usage.js'

/** The flags of `pouch volume inspect`. */
export interface VolumeInspectFlags {
  readonly format?: string
  readonly size?: boolean
}

/** A little longer than pouchd waits for a driver that does not answer. */
const patienceMs = 3000

/**
 * `pouch volume inspect`: shows volumes as JSON: what Docker shows, and in `Details` what pouchd knows besides. Where a driver does not
 * tell what its volume is capable of, `Details` has its record, and `error` says why there is no more.
 */
export async function volumeInspect(
  session: Session,
  names: readonly string[],
  flags: VolumeInspectFlags,
): Promise<number> {
  const { io } = session
  const found: unknown[] = []
  const code = await forEachName(names, io, async (name) => void found.push(await inspected(session, name, flags)))
  await printInspected(found, flags.format, io)
  return code
}

/** Everything is asked for at once: what the daemon waits for a driver is waited for once. */
async function inspected(session: Session, name: string, flags: VolumeInspectFlags): Promise<object> {
  const [volume, details] = await Promise.all([session.client.volumes.inspect(name), detailsOf(session, name, flags)])
  return details === undefined ? volume : { ...volume, Details: details }
}

/** `undefined` when the daemon is Docker's own. */
async function detailsOf(session: Session, name: string, flags: VolumeInspectFlags): Promise<object | undefined> {
  const { pouch } = session.client
  try {
    const [record, details] = await Promise.all([
      orReason(pouch.inspectVolume(name, { timeoutMs: patienceMs })),
      orReason(pouch.volumeDetails(name, { timeoutMs: patienceMs })),
    ])
    if ('error' in record) return { ...details, ...record }
    const { references, sizeBytes, anonymous } = record
    if (details.error !== undefined) return { anonymous, sizeBytes, references, ...details }
    const usage = flags.size === true ? await pouch.volumeUsage(name) : await quickUsage(session, name)
    return { anonymous, sizeBytes, usage, references, ...details }
  } catch (error) {
    if (lacksRoute(error)) return undefined
    throw error
  }
}

/** A driver that is away leaves what is recorded as it is, and that can be shown. */
async function orReason<T extends object>(telling: Promise<T>): Promise<T | { readonly error: string }> {
  try {
    return await telling
  } catch (error) {
    if (!isPouchError(error) || lacksRoute(error)) throw error
    const isOurLimit = error.code === 'timeout' && error.details.status === undefined
    return { error: isOurLimit ? `pouchd did not answer within ${patienceMs} ms` : error.message }
  }
}
