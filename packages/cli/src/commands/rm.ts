import { hasCode } from '@pouch/errors'
import { forEachName } from '../failure.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** The flags of `pouch rm`. */
export interface RmFlags {
  readonly force?: boolean
  readonly volumes?: boolean
}

/** `pouch rm`: removes containers and prints their names. With `-f` a missing one is no error. */
export function rm({ client, io }: Session, names: readonly string[], flags: RmFlags): Promise<number> {
  return forEachName(names, io, async (name) => {
    try {
      await client.containers.remove(name, { force: flags.force === true, volumes: flags.volumes === true })
    } catch (error) {
      if (flags.force !== true || !hasCode(error, 'not-found')) throw error
      return write(io.stderr, `pouch: ${error.message}\n`)
    }
    await write(io.stdout, `${name}\n`)
  })
}
