import { write } from '../io.js'
import { parseLabels } from '../parse/key-value.js'
import type { Session } from '../session.js'

/** The flags of `pouch volume snapshot create`. */
export interface SnapshotCreateFlags {
  readonly label?: readonly string[]
  readonly inconsistent?: boolean
}

/** `pouch volume snapshot create`: keeps a volume as it is, and prints the snapshot's name. */
export async function snapshotCreate(
  { client, io }: Session,
  volume: string,
  name: string | undefined,
  flags: SnapshotCreateFlags,
): Promise<undefined> {
  const snapshot = await client.pouch.snapshots.create(volume, {
    ...(name === undefined ? {} : { name }),
    labels: parseLabels(flags.label ?? []),
    ...(flags.inconsistent === true ? { allowInconsistent: true } : {}),
  })
  if (!snapshot.isConsistent) {
    await write(io.stderr, `WARNING: ${snapshot.name} is a copy of files that may have been written to meanwhile\n`)
  }
  await write(io.stdout, `${snapshot.name}\n`)
}
