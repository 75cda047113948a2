import { hasCode, PouchError } from '@pouch/errors'
import { exitCodes, reportFailure } from '../failure.js'
import { printInspected } from '../format/inspected.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'

/** The flags of `pouch inspect`. */
export interface InspectFlags {
  readonly format?: string
  readonly size?: boolean
  readonly type?: string
}

/** `pouch inspect`: shows containers, images or volumes as JSON; a name is looked for in that order. */
export async function inspect(session: Session, names: readonly string[], flags: InspectFlags): Promise<number> {
  const { client, io } = session
  const lookups: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
    container: (name) => client.containers.inspect(name, { size: flags.size === true }),
    image: (name) => client.images.inspect(name),
    volume: (name) => client.volumes.inspect(name),
  }
  const { type } = flags
  if (type !== undefined && lookups[type] === undefined)
    throw usageError('--type', type, 'it is container, image or volume')
  const chosen = Object.entries(lookups).filter(([kind]) => type === undefined || kind === type)
  const found: unknown[] = []
  let code = 0
  for (const name of names) {
    try {
      found.push(await lookUp(name, chosen))
    } catch (error) {
      await reportFailure(error, io)
      code = exitCodes.failed
    }
  }
  await printInspected(found, flags.format, io)
  return code
}

async function lookUp(
  name: string,
  lookups: readonly (readonly [string, (name: string) => Promise<unknown>])[],
): Promise<unknown> {
  for (const [, find] of lookups) {
    try {
      return await find(name)
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error
    }
  }
  const kinds = lookups.map(([kind]) => kind).join(' or ')
  throw new PouchError('not-found', `there is no ${kinds} '${name}'`, { op: 'cli.inspect', subject: name })
}
