import { forEachName } from '../failure.js'
import { printInspected } from '../format/inspected.js'
import type { Session } from '../session.js'

/** `pouch volume inspect`: shows volumes as JSON. */
export async function volumeInspect(
  { client, io }: Session,
  names: readonly string[],
  flags: { readonly format?: string },
): Promise<number> {
  const found: unknown[] = []
  const code = await forEachName(names, io, async (name) => void found.push(await client.volumes.inspect(name)))
  await printInspected(found, flags.format, io)
  return code
}
