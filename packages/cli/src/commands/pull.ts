import { write } from '../io.js'
import { pullImage } from '../pull-image.js'
import type { Session } from '../session.js'

/** The flags of `pouch pull`. */
export interface PullFlags {
  readonly platform?: string
  readonly quiet?: boolean
}

/** `pouch pull`: gets an image and shows how far it is. */
export async function pull(session: Session, reference: string, flags: PullFlags): Promise<undefined> {
  const options = { ...(flags.platform === undefined ? {} : { platform: flags.platform }), quiet: flags.quiet === true }
  await pullImage(session, reference, session.io.stdout, options)
  if (flags.quiet === true) await write(session.io.stdout, `${reference}\n`)
}
