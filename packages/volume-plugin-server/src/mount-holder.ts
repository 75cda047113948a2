import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'

const bootIdFile = '/proc/sys/kernel/random/boot_id'
const prefix = 'volume-plugin'

/**
 * Who holds the volumes that a plugin's clients have mounted. The name has the host's boot in it: no container outlives the host, so what an
 * earlier boot's holder has is nobody's any more.
 */
export async function mountHolder(): Promise<string> {
  try {
    return `${prefix}@${(await readFile(bootIdFile, 'utf8')).trim()}`
  } catch (error) {
    const failure = PouchError.from(error, { message: `cannot read ${bootIdFile}`, op: 'plugin.open' })
    if (failure.code === 'not-found') return prefix
    throw failure
  }
}

/** Whether a holder is that of a plugin server, of this boot or an earlier one. */
export function isMountHolder(holder: string): boolean {
  return holder === prefix || holder.startsWith(`${prefix}@`)
}

/** The id of a client's mount in the engine: the client's own where it can be, or what stands for it. */
export function referenceIdOf(mountId: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/.test(mountId)) return mountId
  return `sha256-${createHash('sha256').update(mountId).digest('hex')}`
}

/** The ids of the references that count a repeated mount: never met by {@link referenceIdOf}, which has no colon. */
export function repeatedIdOf(referenceId: string, count: number): string {
  return `${referenceId}:${count}`
}
