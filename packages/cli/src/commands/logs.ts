import { write } from '../io.js'
import { parseMoment } from '../parse/moment.js'
import type { Session } from '../session.js'

/** The flags of `pouch logs`. */
export interface LogsFlags {
  readonly follow?: boolean
  readonly since?: string
  readonly until?: string
  readonly tail?: string
  readonly timestamps?: boolean
  readonly details?: boolean
}

/** `pouch logs`: prints what a container has written, each stream to its own. */
export async function logs({ client, io }: Session, name: string, flags: LogsFlags): Promise<undefined> {
  const { Id: id, Config: config } = await client.containers.inspect(name)
  const { since, until, tail } = flags
  const options = {
    tty: config.Tty === true,
    follow: flags.follow === true,
    timestamps: flags.timestamps === true,
    details: flags.details === true,
    ...(since === undefined ? {} : { since: parseMoment(since, '--since', Date.now()) }),
    ...(until === undefined ? {} : { until: parseMoment(until, '--until', Date.now()) }),
    ...(tail === undefined || !/^\d{1,15}$/.test(tail) ? {} : { tail: Number(tail) }),
  }
  for await (const { stream, data } of client.containers.logs(id, options)) {
    await write(stream === 'stderr' ? io.stderr : io.stdout, data)
  }
}
