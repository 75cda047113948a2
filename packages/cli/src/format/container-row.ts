import type { ContainerSummary } from '@pouch/api'
import { durationInWords } from '@pouch/units'
import { humanSize, shorten, shortId } from './human.js'
import { labelsText } from './labels-text.js'
import type { Row } from './list-format.js'

/** How rows of things are written. */
export interface RowLook {
  /** Milliseconds since 1970, which ages count from. */
  readonly nowMs: number
  /** Whether ids and long texts are left as they are. */
  readonly isWhole: boolean
}

/** A container as lists show it. */
export function containerRow(container: ContainerSummary, { nowMs, isWhole }: RowLook): Row {
  const command = `"${isWhole ? container.Command : shorten(container.Command, 20)}"`
  const names = container.Names.map((name) => name.replace(/^\//, ''))
  const mounts = container.Mounts.map(({ Name: name, Source: source }) => name ?? source)
  return {
    ID: isWhole ? container.Id : shortId(container.Id),
    Names: names.join(','),
    Image: container.Image,
    Command: command,
    CreatedAt: new Date(container.Created * 1000).toISOString(),
    RunningFor: `${durationInWords(nowMs - container.Created * 1000)} ago`,
    Ports: portsOf(container),
    State: container.State,
    Status: container.Status,
    Size: `${humanSize(container.SizeRw ?? 0)} (virtual ${humanSize(container.SizeRootFs ?? 0)})`,
    Labels: labelsText(container.Labels),
    Label: (key: unknown) => container.Labels[String(key)] ?? '',
    Mounts: mounts.map((mount) => (isWhole ? mount : shorten(mount, 15))).join(','),
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
