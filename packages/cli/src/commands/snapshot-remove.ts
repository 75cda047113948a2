import { forEachName } from '../failure.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** `pouch volume snapshot remove`: removes snapshots of a volume and prints their names. */
export function snapshotRemove({ client, io }: Session, volume: string, names: readonly string[]): Promise<number> {
  return forEachName(names, io, async (name) => {
    await client.pouch.snapshots.remove(volume, name)
    await write(io.stdout, `${name}\n`)
  })
}
