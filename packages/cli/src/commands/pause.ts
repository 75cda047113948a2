import { forEachName } from '../failure.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** `pouch pause` and `pouch unpause`: prints the names of what was done. */
export function pauseOrUnpause(
  { client, io }: Session,
  verb: 'pause' | 'unpause',
  names: readonly string[],
): Promise<number> {
  return forEachName(names, io, async (name) => {
    await client.containers[verb](name)
    await write(io.stdout, `${name}\n`)
  })
}
