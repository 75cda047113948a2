import type { DiskUsage } from '@pouch/api'
import { humanSize } from '../format/human.js'
import { formatList, type ListFormat, type Row } from '../format/list-format.js'
import { spaceDetails } from '../format/space-details.js'
import { type SpaceSummary, summarize } from '../format/space-summary.js'
import { compileTemplate } from '../format/template.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** The flags of `pouch system df`. */
export interface SystemDfFlags {
  readonly format?: string
  readonly verbose?: boolean
}

const format: ListFormat = {
  headings: { TotalCount: 'TOTAL' },
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
  quiet: 'Type',
}

/** `pouch system df`: shows what images, containers and volumes take up, in sums or one by one. */
export async function systemDf({ client, io }: Session, flags: SystemDfFlags): Promise<undefined> {
  const usage = await client.system.diskUsage()
  await write(io.stdout, flags.verbose === true ? detailed(usage, flags) : summed(usage, flags))
}

function summed(usage: DiskUsage, flags: SystemDfFlags): string {
  const { format: template } = flags
  return formatList(summarize(usage).map(rowOf), format, template === undefined ? {} : { format: template })
}

function rowOf({ type, total, active, bytes, reclaimableBytes }: SpaceSummary): Row {
  const share = bytes > 0 ? ` (${Math.floor((reclaimableBytes / bytes) * 100)}%)` : ''
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(bytes),
    Reclaimable: `${humanSize(reclaimableBytes)}${share}`,
  }
}

function detailed(usage: DiskUsage, { format: template }: SystemDfFlags): string {
  const parts = spaceDetails(usage, Date.now())
  if (template === undefined || template === 'table') {
    return parts.map(({ title, rows, format: list }) => `${title}:\n\n${formatList(rows, list, {})}`).join('\n')
  }
  const value = Object.fromEntries(parts.map(({ name, rows }) => [name, rows]))
  return template === 'json' ? `${JSON.stringify(value)}\n` : `${compileTemplate(template).render(value)}\n`
}
