import { forEachName } from '../failure.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** `pouch kill`: sends a signal and prints the names of those that got it. */
export function kill(
  { client, io }: Session,
  names: readonly string[],
  flags: { readonly signal?: string },
): Promise<number> {
  return forEachName(names, io, async (name) => {
    await client.containers.kill(name, flags.signal)
    await write(io.stdout, `${name}\n`)
  })
}
