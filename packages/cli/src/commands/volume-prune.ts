import { humanSize } from '../format/human.js'
import { write } from '../io.js'
import { parseFilterFlags } from '../parse/filter-flag.js'
import type { Session } from '../session.js'
import { confirm } from '../terminal/confirm.js'

/** The flags of `pouch volume prune`. */
export interface VolumePruneFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly force?: boolean
}

/** `pouch volume prune`: removes volumes that no container uses; asks first unless `-f` is given. */
export async function volumePrune({ client, io }: Session, flags: VolumePruneFlags): Promise<undefined> {
  const which = flags.all === true ? 'all' : 'all nameless'
  const question = `This removes ${which} volumes that no container uses, with their data. Go on?`
  if (flags.force !== true && !(await confirm(question, io))) return
  const filters = parseFilterFlags([...(flags.filter ?? []), ...(flags.all === true ? ['all=true'] : [])])
  const { removed, reclaimedBytes, warnings } = await client.volumes.prune(filters)
  if (removed.length > 0) await write(io.stdout, `Deleted Volumes:\n${removed.join('\n')}\n\n`)
  await write(io.stdout, `Total reclaimed space: ${humanSize(reclaimedBytes)}\n`)
  for (const warning of warnings) await write(io.stderr, `WARNING: ${warning}\n`)
}
