import { chosenStreams } from '../chosen-streams.js'
import { buildContainerBody } from '../container-body.js'
import type { RunFlags } from '../container-flags.js'
import { createContainer } from '../create-container.js'
import { reportFailure } from '../failure.js'
import { isTerminal, write } from '../io.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { failedStartCode, startAttached } from '../start-attached.js'
import { windowSize } from '../terminal/window.js'

/** `pouch run`: makes a container and runs it, connected to our streams or, with `-d`, alone. */
export async function run(
  session: Session,
  image: string,
  command: readonly string[],
  flags: RunFlags,
): Promise<number> {
  const { io } = session
  const detached = flags.detach === true
  if (detached && (flags.attach ?? []).length > 0)
    throw usageError('--attach', String(flags.attach), 'it does not go with --detach')
  const streams = chosenStreams(flags, detached)
  if (flags.tty === true && streams.stdin && !isTerminal(io.stdin)) {
    throw usageError('--tty', 'true', 'the input device is not a terminal; leave -t out when input is piped')
  }
  const body = await buildContainerBody(image, command, flags, io, detached)
  const size = flags.tty === true ? windowSize(io.stdout) : undefined
  if (size !== undefined) body.HostConfig = { ...body.HostConfig, ConsoleSize: [size.height, size.width] }
  const id = await createContainer(session, body, flags)
  if (detached) return startDetached(session, id)
  return startAttached(session, {
    id,
    streams,
    tty: flags.tty === true,
    autoRemove: flags.rm === true,
    detachKeys: flags.detachKeys,
    sigProxy: flags.sigProxy !== false,
  })
}

async function startDetached(session: Session, id: string): Promise<number> {
  try {
    await session.client.containers.start(id)
  } catch (error) {
    await reportFailure(error, session.io)
    return failedStartCode(session, id, error, undefined)
  }
  await write(session.io.stdout, `${id}\n`)
  return 0
}
