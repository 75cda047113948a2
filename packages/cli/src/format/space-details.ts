import type { DiskUsage } from '@pouch/api'
import { containerRow } from './container-row.js'
import { humanSize } from './human.js'
import { imageRows } from './image-rows.js'
import { labelsText } from './labels-text.js'
import type { ListFormat, Row } from './list-format.js'

/** One kind of things, each with what it takes up. */
export interface SpacePart {
  /** What templates call it. */
  readonly name: string
  readonly title: string
  readonly rows: readonly Row[]
  readonly format: ListFormat
}

const headings = {
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
}

/** Everything that takes up space, one by one. */
export function spaceDetails(usage: DiskUsage, nowMs: number): readonly SpacePart[] {
  return [images(usage, nowMs), containers(usage, nowMs), volumes(usage)]
}

function images({ Images: found }: DiskUsage, nowMs: number): SpacePart {
  const rows = (found ?? []).flatMap((image) => {
    const shared = Math.max(0, image.SharedSize)
    const sizes = { SharedSize: humanSize(shared), UniqueSize: humanSize(image.Size - shared) }
    return imageRows(image, { nowMs, isWhole: false }).map((row) => ({ ...row, ...sizes }))
  })
  const columns = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers']
  return { name: 'Images', title: 'Images space usage', rows, format: { headings, columns, quiet: 'ID' } }
}

function containers({ Containers: found }: DiskUsage, nowMs: number): SpacePart {
  const rows = (found ?? []).map((container) => containerRow(container, { nowMs, isWhole: false }))
  const columns = ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names']
  const own = { ID: 'CONTAINER ID', LocalVolumes: 'LOCAL VOLUMES', RunningFor: 'CREATED' }
  return { name: 'Containers', title: 'Containers space usage', rows, format: { headings: own, columns, quiet: 'ID' } }
}

function volumes({ Volumes: found }: DiskUsage): SpacePart {
  const rows = (found ?? []).map(({ UsageData: data, Labels: labels, ...volume }): Row => {
    const bytes = data?.Size ?? -1
    return {
      Name: volume.Name,
      Driver: volume.Driver,
      Labels: labelsText(labels ?? {}),
      Links: String(data?.RefCount ?? 0),
      Size: bytes < 0 ? '-' : humanSize(bytes),
    }
  })
  const columns = ['Name', 'Links', 'Size']
  const own = { Name: 'VOLUME NAME' }
  const sorted = rows.toSorted((a, b) => (String(a.Name) < String(b.Name) ? -1 : 1))
  return {
    name: 'Volumes',
    title: 'Local Volumes space usage',
    rows: sorted,
    format: { headings: own, columns, quiet: 'Name' },
  }
}
