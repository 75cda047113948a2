import type { ImageSummary } from '@pouch/api'
import { durationInWords } from '@pouch/units'
import { humanSize, shortId } from '../format/human.js'
import { formatList, type ListFormat, type Row } from '../format/list-format.js'
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

const none = '<none>'

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
  const rows = found.flatMap((image) => rowsOf(image, flags))
  const shown = flags.quiet === true ? [...new Map(rows.map((row) => [row.ID, row])).values()] : rows
  const columns =
    flags.digests === true ? ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'] : format.columns
  await write(io.stdout, formatList(shown, { ...format, columns }, flags))
}

function rowsOf(image: ImageSummary, flags: ImagesFlags): Row[] {
  const digests = new Map(image.RepoDigests.map((text) => splitAt(text, text.lastIndexOf('@'))))
  const tags = image.RepoTags.length === 0 ? [`${image.RepoDigests[0]?.split('@')[0] ?? none}:${none}`] : image.RepoTags
  return tags.map((text): Row => {
    const [repository, tag] = splitAt(text, text.lastIndexOf(':'))
    return {
      Repository: repository,
      Tag: tag,
      Digest: digests.get(repository) ?? none,
      ID: flags.trunc === false ? image.Id : shortId(image.Id),
      CreatedAt: new Date(image.Created * 1000).toISOString(),
      CreatedSince: image.Created <= 0 ? 'N/A' : `${durationInWords(Date.now() - image.Created * 1000)} ago`,
      Size: humanSize(image.Size),
      Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
      Labels: Object.entries(image.Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    }
  })
}

function splitAt(text: string, at: number): [string, string] {
  return at < 0 ? [text, none] : [text.slice(0, at), text.slice(at + 1)]
}
