import type { Volume } from '@pouch/api'
import { humanSize } from '../format/human.js'
import { formatList, type ListFormat, type Row } from '../format/list-format.js'
import { write } from '../io.js'
import { parseFilterFlags } from '../parse/filter-flag.js'
import type { Session } from '../session.js'

/** The flags of `pouch volume list`. */
export interface VolumeListFlags {
  readonly filter?: readonly string[]
  readonly format?: string
  readonly quiet?: boolean
  readonly size?: boolean
  readonly mountpoint?: boolean
}

const format: ListFormat = {
  headings: { Name: 'VOLUME NAME', Mountpoint: 'MOUNT POINT' },
  columns: ['Driver', 'Name'],
  quiet: 'Name',
}

/** `pouch volume list`: lists volumes by name. What a driver could not tell goes to stderr. */
export async function volumeList({ client, io }: Session, flags: VolumeListFlags): Promise<undefined> {
  const { volumes, warnings } = await client.volumes.list(parseFilterFlags(flags.filter ?? []))
  for (const warning of warnings) await write(io.stderr, `WARNING: ${warning}\n`)
  const columns = [
    ...format.columns,
    ...(flags.size === true ? ['Size'] : []),
    ...(flags.mountpoint === true ? ['Mountpoint'] : []),
  ]
  const sorted = volumes.toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
  await write(io.stdout, formatList(sorted.map(rowOf), { ...format, columns }, flags))
}

function rowOf(volume: Volume): Row {
  const labels = volume.Labels ?? {}
  const size = volume.UsageData?.Size
  return {
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    CreatedAt: volume.CreatedAt ?? '',
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: unknown) => labels[String(key)] ?? '',
    Size: volume.Options?.size ?? (size === undefined || size < 0 ? 'unlimited' : humanSize(size)),
  }
}
