import { write } from '../io.js'
import { parseLabels } from '../parse/key-value.js'
import { parseSizeFlag } from '../parse/quantity.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'

/** The flags of `pouch volume update`. */
export interface VolumeUpdateFlags {
  readonly size?: string
  readonly label?: readonly string[]
  readonly labelRm?: readonly string[]
}

/** `pouch volume update`: changes the size or the labels of a volume, and prints its name. */
export async function volumeUpdate(
  { client, io }: Session,
  name: string,
  flags: VolumeUpdateFlags,
): Promise<undefined> {
  const labels: Record<string, string | null> = parseLabels(flags.label ?? [])
  for (const key of flags.labelRm ?? []) {
    if (Object.hasOwn(labels, key)) throw usageError('--label-rm', key, 'it is set by --label too; give one of them')
    labels[key] = null
  }
  const hasLabels = Object.keys(labels).length > 0
  if (!hasLabels && flags.size === undefined) throw usageError('update', name, 'give --size, --label or --label-rm')
  const { name: updated } = await client.pouch.updateVolume(name, {
    ...(hasLabels ? { labels } : {}),
    ...(flags.size === undefined ? {} : { sizeBytes: sizeOf(flags.size) }),
  })
  await write(io.stdout, `${updated}\n`)
}

function sizeOf(text: string): number {
  const bytes = parseSizeFlag('--size', text)
  if (bytes === 0) throw usageError('--size', text, 'a size is at least one byte')
  return bytes
}
