import { forEachName } from '../failure.js'
import { write } from '../io.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { startAttached } from '../start-attached.js'

/** The flags of `pouch start`. */
export interface StartFlags {
  readonly attach?: boolean
  readonly interactive?: boolean
  readonly detachKeys?: string
  readonly sigProxy?: boolean
}

/** `pouch start`: starts containers and prints their names, or starts one and connects to it. */
export async function start(session: Session, names: readonly string[], flags: StartFlags): Promise<number> {
  const { client, io } = session
  const [name, ...others] = names
  if (name === undefined || (flags.attach !== true && flags.interactive !== true)) {
    return forEachName(names, io, async (each) => {
      await client.containers.start(each)
      await write(io.stdout, `${each}\n`)
    })
  }
  if (others.length > 0)
    throw usageError('container', others.join(' '), 'only one container at a time can be attached to')
  const { Id: id, Config: config, HostConfig: host } = await client.containers.inspect(name)
  return startAttached(session, {
    id,
    streams: { stdin: flags.interactive === true && config.OpenStdin === true, stdout: true, stderr: true },
    tty: config.Tty === true,
    autoRemove: host.AutoRemove === true,
    detachKeys: flags.detachKeys,
    sigProxy: flags.sigProxy !== false,
  })
}
