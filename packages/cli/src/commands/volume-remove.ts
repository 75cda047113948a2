import { forEachName } from '../failure.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** `pouch volume remove`: removes volumes and prints their names. */
export function volumeRemove(
  { client, io }: Session,
  names: readonly string[],
  flags: { readonly force?: boolean },
): Promise<number> {
  return forEachName(names, io, async (name) => {
    await client.volumes.remove(name, { force: flags.force === true })
    await write(io.stdout, `${name}\n`)
  })
}
