import { type Io, isTerminal } from '../io.js'
import { openInput } from '../open-input.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { showProgress } from '../terminal/progress.js'

/** The flags of `pouch load`. */
export interface LoadFlags {
  readonly input?: string
  readonly quiet?: boolean
}

/** `pouch load`: loads images from a tar archive. */
export async function load({ client, io }: Session, flags: LoadFlags): Promise<undefined> {
  const tar = await inputOf(flags, io)
  const isQuiet = flags.quiet === true || !isTerminal(io.stdout)
  await showProgress(client.images.load(tar, { quiet: isQuiet }), io.stdout)
}

function inputOf({ input }: LoadFlags, io: Io): Promise<AsyncIterable<Uint8Array>> {
  if (input === undefined && isTerminal(io.stdin)) {
    throw usageError('--input', '', 'stdin is a terminal; give a file with -i, or pipe the archive in')
  }
  return openInput(input ?? '-', io)
}
