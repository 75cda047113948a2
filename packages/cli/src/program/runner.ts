import type { Io } from '../io.js'
import type { GlobalFlags, Session } from '../session.js'

/** What a handler does: talks to the daemon, prints, and tells the exit code when it is not 0. */
export type Handler = (session: Session) => Promise<number | undefined>

/** Runs handlers for the program's commands and keeps their exit code. */
export class Runner {
  readonly io: Io
  readonly #flags: () => GlobalFlags
  exitCode = 0

  constructor(io: Io, flags: () => GlobalFlags) {
    this.io = io
    this.#flags = flags
  }

  /** @param failureCode the exit code when the handler throws */
  async run(handler: Handler, failureCode = 1): Promise<void> {
    const { openSession } = await import('../session.js')
    try {
      const session = await openSession(this.#flags(), this.io)
      this.exitCode = (await handler(session)) ?? 0
      session.client.close()
    } catch (error) {
      const { reportFailure } = await import('../failure.js')
      await reportFailure(error, this.io)
      this.exitCode = failureCode
    }
  }
}
