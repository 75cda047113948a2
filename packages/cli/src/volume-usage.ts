import type { PouchUsage } from '@pouch/api'
import { hasCode, isPouchError } from '@pouch/errors'
import type { Session } from './session.js'

const patienceMs = 1000

/** What a volume takes up, if a quota tells or its files are counted soon; `undefined` is as good as not knowing. */
export async function quickUsage({ client }: Session, name: string): Promise<PouchUsage | undefined> {
  try {
    return await client.pouch.volumeUsage(name, { timeoutMs: patienceMs })
  } catch (error) {
    // It is shown beside what was asked for, which fails by itself where there is more to it than that.
    if (isPouchError(error)) return undefined
    throw error
  }
}

/** Whether a failure means that the daemon has no such route: it is Docker's own, whose replies have no code. */
export function lacksRoute(error: unknown): boolean {
  return hasCode(error, 'not-found') && error.details.status === 404
}
