import { booleanFilter, type Filters } from '@pouch/api'
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
  const filters = parseFilterFlags([...(flags.filter ?? []), ...(flags.all === true ? ['all=true'] : [])])
  if (flags.force !== true && !(await confirm(questionOf(filters), io))) return
  const { removed, reclaimedBytes, warnings } = await client.volumes.prune(filters)
  if (removed.length > 0) await write(io.stdout, `Deleted Volumes:\n${removed.join('\n')}\n\n`)
  await write(io.stdout, `Total reclaimed space: ${humanSize(reclaimedBytes)}\n`)
  for (const warning of warnings) await write(io.stderr, `WARNING: ${warning}\n`)
}

/** What is removed, and what a prune keeps whatever it is told. */
function questionOf({ all, ...others }: Filters): string {
  const which = booleanFilter(all === undefined ? {} : { all }, 'all') === true ? 'all' : 'all nameless'
  const filters = Object.entries(others).flatMap(([key, values]) => values.map((value) => `${key}=${value}`))
  const matching = filters.length === 0 ? '' : ` and match ${filters.join(', ')}`
  const kept = 'Volumes with driver options, and those of global drivers, are kept'
  return `This removes ${which} volumes that no container uses${matching}, with their data. ${kept}. Go on?`
}
