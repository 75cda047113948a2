import { buildContainerBody } from '../container-body.js'
import type { ContainerFlags } from '../container-flags.js'
import { createContainer } from '../create-container.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** `pouch create`: makes a container and prints its id. */
export async function create(
  session: Session,
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
): Promise<undefined> {
  const body = await buildContainerBody(image, command, flags, session.io, false)
  await write(session.io.stdout, `${await createContainer(session, body, flags)}\n`)
}
