import { imageRows } from '../format/image-rows.js'
import { formatList, type ListFormat } from '../format/list-format.js'
import { write } from '../io.js'
import { parseFilterFlags } from '../parse/filter-flag.js'
import type { Session } from '../session.js'

/** The flags of `pouch images`. */
export interface ImagesFlags {
  readonly all?: boolean
  readonly digests?: boolean
  readonly filter?: readonly string[]
  readonly format?: string
  readonly trunc?: boolean
  readonly quiet?: boolean
}

const format: ListFormat = {
  headings: { ID: 'IMAGE ID', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' },
  columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'],
  quiet: 'ID',
}

/** `pouch images`: lists images, a line for each of their names. */
export async function images(
  { client, io }: Session,
  reference: string | undefined,
  flags: ImagesFlags,
): Promise<undefined> {
  const filters = parseFilterFlags([
    ...(flags.filter ?? []),
    ...(reference === undefined ? [] : [`reference=${reference}`]),
  ])
  const found = await client.images.list({ all: flags.all === true, filters })
  const look = { nowMs: Date.now(), isWhole: flags.trunc === false }
  const rows = found.flatMap((image) => imageRows(image, look))
  const shown = flags.quiet === true ? [...new Map(rows.map((row) => [row.ID, row])).values()] : rows
  const columns =
    flags.digests === true ? ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'] : format.columns
  await write(io.stdout, formatList(shown, { ...format, columns }, flags))
}
