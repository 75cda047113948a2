import { type QuarantinedEntry, quarantineKey, quarantineStored, quarantineValue } from './quarantine.js'
import type { StoreBackend } from './store-backend.js'
import type { StoreLog } from './store-log.js'
import { makeRecord } from './write-plan.js'

/** What a store knows of its backend once it is open. */
export interface LoadedStore {
  /** The revision of each key. */
  readonly revisions: Map<string, string>
  /** The damaged entries that were set aside. */
  readonly quarantined: readonly QuarantinedEntry[]
}

/**
 * Reads the keys of a backend and sets aside what is damaged, so that one bad entry does no harm to the others.
 *
 * @param nextRevision for the entries that are set aside
 */
export async function loadStore(
  backend: StoreBackend,
  nextRevision: () => string,
  log: StoreLog | undefined,
): Promise<LoadedStore> {
  const revisions = new Map<string, string>()
  const damaged: string[] = []
  for await (const { key, revision } of backend.load()) {
    if (revision === undefined) damaged.push(key)
    else revisions.set(key, revision)
  }
  const quarantined: QuarantinedEntry[] = []
  for (const key of damaged) {
    const entry = quarantineStored(key, await backend.read(key))
    quarantined.push(entry)
    const place = quarantineKey(entry)
    const { revision, stored } = makeRecord(nextRevision(), JSON.stringify(quarantineValue(entry)))
    try {
      await backend.write(new Map<string, string | undefined>([[key, undefined]]).set(place, stored))
      revisions.set(place, revision)
      log?.warn({ key, place }, `an entry of ${backend.title} is damaged and was set aside`)
    } catch (error) {
      log?.warn(
        { key, err: error },
        `an entry of ${backend.title} is damaged and could not be set aside; it is ignored`,
      )
    }
  }
  return { revisions, quarantined: Object.freeze(quarantined) }
}
