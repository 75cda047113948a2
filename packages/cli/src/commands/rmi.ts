import { forEachName } from '../failure.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** The flags of `pouch rmi`. */
export interface RmiFlags {
  readonly force?: boolean
  readonly prune?: boolean
}

/** `pouch rmi`: removes images, and prints what became of their names and layers. */
export function rmi({ client, io }: Session, names: readonly string[], flags: RmiFlags): Promise<number> {
  return forEachName(names, io, async (name) => {
    const items = await client.images.remove(name, { force: flags.force === true, noPrune: flags.prune === false })
    for (const { Untagged: untagged, Deleted: deleted } of items) {
      await write(io.stdout, untagged === undefined ? `Deleted: ${deleted ?? ''}\n` : `Untagged: ${untagged}\n`)
    }
  })
}
