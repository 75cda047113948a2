import type { EventMessage } from '@pouch/api'
import { compileTemplate } from '../format/template.js'
import { write } from '../io.js'
import { parseFilterFlags } from '../parse/filter-flag.js'
import { parseMoment } from '../parse/moment.js'
import type { Session } from '../session.js'

/** The flags of `pouch events`. */
export interface EventsFlags {
  readonly filter?: readonly string[]
  readonly format?: string
  readonly since?: string
  readonly until?: string
}

/** `pouch events`: prints what happens, a line for each event. */
export async function events({ client, io }: Session, flags: EventsFlags): Promise<undefined> {
  const template =
    flags.format === undefined ? undefined : compileTemplate(flags.format === 'json' ? '{{json .}}' : flags.format)
  const { since, until } = flags
  const options = {
    ...(since === undefined ? {} : { since: parseMoment(since, '--since', Date.now()) }),
    ...(until === undefined ? {} : { until: parseMoment(until, '--until', Date.now()) }),
    filters: parseFilterFlags(flags.filter ?? []),
  }
  for await (const event of client.system.events(options)) {
    await write(io.stdout, `${template === undefined ? lineOf(event) : template.render(event)}\n`)
  }
}

function lineOf({ Type: type, Action: action, Actor: actor, time, timeNano }: EventMessage): string {
  const attributes = Object.entries(actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const words = attributes.map(([key, value]) => `${key}=${value}`).join(', ')
  return `${momentOf(time, timeNano)} ${type} ${action} ${actor.ID}${words === '' ? '' : ` (${words})`}`
}

/** Nanoseconds since 1970 are above what a number holds exactly: the seconds come from the other field. */
function momentOf(time: number, timeNano: number): string {
  const nanos = Math.min(999_999_999, Math.max(0, Math.round(timeNano - time * 1e9)))
  return `${new Date(time * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`
}
