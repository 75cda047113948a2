import { forEachName } from '../failure.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** `pouch wait`: prints the exit code of each container once it has stopped. */
export function wait({ client, io }: Session, names: readonly string[]): Promise<number> {
  return forEachName(names, io, async (name) => {
    const { StatusCode } = await client.containers.wait(name)
    await write(io.stdout, `${StatusCode}\n`)
  })
}
