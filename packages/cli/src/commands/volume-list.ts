import type { PouchUsage, PouchVolume, Volume } from '@pouch/api'
import { formatBytes } from '@pouch/units'
import { labelsText } from '../format/labels-text.js'
import { formatList, type ListFormat, type Row } from '../format/list-format.js'
import { write } from '../io.js'
import { parseFilterFlags } from '../parse/filter-flag.js'
import type { Session } from '../session.js'
import { lacksRoute } from '../volume-usage.js'

/** The flags of `pouch volume list`. */
export interface VolumeListFlags {
  readonly filter?: readonly string[]
  readonly format?: string
  readonly quiet?: boolean
  readonly size?: boolean
  readonly mountpoint?: boolean
}

interface Listed {
  readonly rows: readonly Row[]
  readonly warnings: readonly string[]
}

const format: ListFormat = {
  headings: { Name: 'VOLUME NAME', Mountpoint: 'MOUNT POINT' },
  columns: ['Driver', 'Name'],
  quiet: 'Name',
}

/** `pouch volume list`: lists volumes by name. What a driver could not tell goes to stderr. */
export async function volumeList(session: Session, flags: VolumeListFlags): Promise<undefined> {
  const { io } = session
  const filters = parseFilterFlags(flags.filter ?? [])
  const { rows, warnings } = await (flags.size === true ? listWithSizes(session, filters) : list(session, filters))
  for (const warning of warnings) await write(io.stderr, `WARNING: ${warning}\n`)
  const columns = [
    ...format.columns,
    ...(flags.size === true ? ['Size', 'Used'] : []),
    ...(flags.mountpoint === true ? ['Mountpoint'] : []),
  ]
  const sorted = rows.toSorted((a, b) => (String(a.Name) < String(b.Name) ? -1 : 1))
  await write(io.stdout, formatList(sorted, { ...format, columns }, flags))
}

type Filters = ReturnType<typeof parseFilterFlags>

async function list({ client }: Session, filters: Filters): Promise<Listed> {
  const { volumes, warnings } = await client.volumes.list(filters)
  return { rows: volumes.map((volume) => rowOf(volume)), warnings }
}

async function listWithSizes(session: Session, filters: Filters): Promise<Listed> {
  const { pouch } = session.client
  try {
    const [{ volumes, warnings }, measured] = await Promise.all([
      pouch.listVolumes(filters),
      pouch.volumeUsages(filters),
    ])
    const usages = new Map(measured.map(({ volume, usage }) => [volume, usage]))
    return { rows: volumes.map((volume) => rowOf(dockerVolume(volume), volume, usages.get(volume.name))), warnings }
  } catch (error) {
    if (lacksRoute(error)) return list(session, filters)
    throw error
  }
}

/** The size is the one that was asked for: an image that holds that much is a little larger. */
function rowOf(volume: Volume, own?: PouchVolume, usage?: PouchUsage): Row {
  const labels = volume.Labels ?? {}
  const limit = own?.sizeBytes ?? usage?.limitBytes
  const used = usage?.usedBytes ?? knownSize(volume)
  return {
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    CreatedAt: volume.CreatedAt ?? '',
    Labels: labelsText(labels),
    Label: (key: unknown) => labels[String(key)] ?? '',
    Size: limit === undefined ? askedSize(volume) : formatBytes(limit),
    Used: used === undefined ? '-' : formatBytes(used),
    Snapshots: own?.snapshotCount ?? 0,
  }
}

/** A directory has no limit of its own; that of a device, or of what another driver keeps, is not known. */
function askedSize({ Driver: driver, Options: options }: Volume): string {
  const isDirectory = driver === 'local' && (options?.device ?? '') === ''
  return options?.size ?? (isDirectory ? 'unlimited' : '-')
}

function knownSize({ UsageData: data }: Volume): number | undefined {
  return data === undefined || data === null || data.Size < 0 ? undefined : data.Size
}

function dockerVolume(volume: PouchVolume): Volume {
  return {
    Name: volume.name,
    Driver: volume.driver,
    Mountpoint: volume.mountpoint ?? '',
    CreatedAt: volume.createdAt,
    Labels: volume.labels,
    Scope: volume.scope,
    Options: volume.options,
  }
}
