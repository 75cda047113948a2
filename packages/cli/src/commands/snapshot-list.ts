import type { PouchSnapshot } from '@pouch/api'
import { durationInWords } from '@pouch/units'
import { humanSize } from '../format/human.js'
import { labelsText } from '../format/labels-text.js'
import { formatList, type ListFormat, type Row } from '../format/list-format.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

const format: ListFormat = {
  headings: { Name: 'SNAPSHOT', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' },
  columns: ['Name', 'CreatedSince', 'Method', 'Consistent', 'Size'],
  quiet: 'Name',
}

/** `pouch volume snapshot list`: lists the snapshots of a volume, the newest first. */
export async function snapshotList(
  { client, io }: Session,
  volume: string,
  flags: { readonly format?: string; readonly quiet?: boolean },
): Promise<undefined> {
  const snapshots = await client.pouch.snapshots.list(volume)
  const sorted = snapshots.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))
  await write(io.stdout, formatList(sorted.map(rowOf), format, flags))
}

function rowOf(snapshot: PouchSnapshot): Row {
  const { labels, sizeBytes } = snapshot
  return {
    Name: snapshot.name,
    Volume: snapshot.volume,
    CreatedAt: snapshot.createdAt,
    CreatedSince: `${durationInWords(Date.now() - Date.parse(snapshot.createdAt))} ago`,
    Method: snapshot.method,
    Consistent: snapshot.isConsistent ? 'yes' : 'no',
    Size: sizeBytes === undefined ? '-' : humanSize(sizeBytes),
    Labels: labelsText(labels),
    Label: (key: unknown) => labels[String(key)] ?? '',
  }
}
