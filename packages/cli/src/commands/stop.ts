import { forEachName } from '../failure.js'
import { write } from '../io.js'
import { parseIntFlag } from '../parse/quantity.js'
import type { Session } from '../session.js'

/** The flags of `pouch stop` and `pouch restart`. */
export interface StopFlags {
  readonly signal?: string
  readonly time?: string
  readonly timeout?: string
}

/** `pouch stop` and `pouch restart`: prints the names of what was done. */
export function stopOrRestart(
  { client, io }: Session,
  verb: 'stop' | 'restart',
  names: readonly string[],
  flags: StopFlags,
): Promise<number> {
  const text = flags.time ?? flags.timeout
  const options = {
    ...(flags.signal === undefined ? {} : { signal: flags.signal }),
    ...(text === undefined ? {} : { timeoutSeconds: parseIntFlag('--time', text, -1) }),
  }
  return forEachName(names, io, async (name) => {
    await client.containers[verb](name, options)
    await write(io.stdout, `${name}\n`)
  })
}
