import type { ContainerSummary } from '@pouch/api'
import { durationInWords } from '@pouch/units'
import { humanSize, shorten, shortId } from '../format/human.js'
import { formatList, type ListFormat, type Row } from '../format/list-format.js'
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
  const rows = containers.map((container) => rowOf(container, flags.trunc !== false))
  const shown = { ...format, columns: flags.size === true ? [...columns, 'Size'] : columns }
  await write(io.stdout, formatList(rows, shown, flags))
}

function rowOf(container: ContainerSummary, trunc: boolean): Row {
  const command = `"${trunc ? shorten(container.Command, 20) : container.Command}"`
  const names = container.Names.map((name) => name.replace(/^\//, ''))
  const mounts = container.Mounts.map(({ Name: name, Source: source }) => name ?? source)
  return {
    ID: trunc ? shortId(container.Id) : container.Id,
    Names: names.join(','),
    Image: container.Image,
    Command: command,
    CreatedAt: new Date(container.Created * 1000).toISOString(),
    RunningFor: `${durationInWords(Date.now() - container.Created * 1000)} ago`,
    Ports: portsOf(container),
    State: container.State,
    Status: container.Status,
    Size: `${humanSize(container.SizeRw ?? 0)} (virtual ${humanSize(container.SizeRootFs ?? 0)})`,
    Labels: Object.entries(container.Labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: unknown) => container.Labels[String(key)] ?? '',
    Mounts: mounts.map((mount) => (trunc ? shorten(mount, 15) : mount)).join(','),
    LocalVolumes: String(container.Mounts.filter(({ Driver: driver }) => driver === 'local').length),
    Networks: Object.keys(container.NetworkSettings.Networks).join(','),
  }
}

function portsOf({ Ports: ports }: ContainerSummary): string {
  return ports
    .map(({ IP: ip, PrivatePort: inside, PublicPort: outside, Type: type }) =>
      outside === undefined ? `${inside}/${type}` : `${ip ?? ''}:${outside}->${inside}/${type}`,
    )
    .join(', ')
}
