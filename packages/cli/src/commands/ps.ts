import { containerRow } from '../format/container-row.js'
import { formatList, type ListFormat } from '../format/list-format.js'
import { write } from '../io.js'
import { parseFilterFlags } from '../parse/filter-flag.js'
import { parseIntFlag } from '../parse/quantity.js'
import type { Session } from '../session.js'

/** The flags of `pouch ps`. */
export interface PsFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly format?: string
  readonly last?: string
  readonly latest?: boolean
  readonly trunc?: boolean
  readonly quiet?: boolean
  readonly size?: boolean
}

const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names']

const format: ListFormat = {
  headings: {
    ID: 'CONTAINER ID',
    RunningFor: 'CREATED',
    CreatedAt: 'CREATED AT',
    LocalVolumes: 'LOCAL VOLUMES',
  },
  columns,
  quiet: 'ID',
}

/** `pouch ps`: lists containers. */
export async function ps({ client, io }: Session, flags: PsFlags): Promise<undefined> {
  const limit = flags.latest === true ? 1 : flags.last === undefined ? undefined : parseIntFlag('--last', flags.last)
  const size = flags.size === true || flags.format?.includes('.Size') === true
  const containers = await client.containers.list({
    all: flags.all === true,
    ...(limit === undefined || limit <= 0 ? {} : { limit }),
    size,
    filters: parseFilterFlags(flags.filter ?? []),
  })
  const look = { nowMs: Date.now(), isWhole: flags.trunc === false }
  const rows = containers.map((container) => containerRow(container, look))
  const shown = { ...format, columns: flags.size === true ? [...columns, 'Size'] : columns }
  await write(io.stdout, formatList(rows, shown, flags))
}
