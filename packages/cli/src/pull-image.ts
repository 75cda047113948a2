import type { Writable } from 'node:stream'
import type { Session } from './session.js'
import { showProgress } from './terminal/progress.js'

/** Pulls an image and shows how far it is: bars on a terminal, lines elsewhere, nothing with `quiet`. */
export async function pullImage(
  { client }: Session,
  reference: string,
  output: Writable,
  { platform, quiet }: { readonly platform?: string; readonly quiet: boolean },
): Promise<void> {
  const messages = client.images.pull(reference, platform === undefined ? {} : { platform })
  if (!quiet) return showProgress(messages, output)
  for await (const _ of messages) {
    // Nothing is shown; the pull ends when the messages do.
  }
}
