import { isPouchError, PouchError } from '@pouch/errors'
import { type Io, write } from './io.js'

/** Exit codes that Docker's CLI has given a meaning. */
export const exitCodes = Object.freeze({ failed: 1, daemonFailed: 125, cannotRun: 126, notFound: 127 })

/** Prints an error in one line. */
export async function reportFailure(error: unknown, io: Io): Promise<void> {
  const { message, details } = isPouchError(error) ? error : PouchError.from(error)
  const wayOut = details.unless === 'allowInconsistent' ? ' (--inconsistent)' : ''
  await write(io.stderr, `pouch: ${message.trim().replace(/\s*\n\s*/g, '; ')}${wayOut}\n`)
}

/**
 * Does the same to each of several things. One that fails is reported, and the others are done all the same.
 *
 * @returns 0, or 1 when something failed
 */
export async function forEachName(
  names: readonly string[],
  io: Io,
  action: (name: string) => Promise<void>,
): Promise<number> {
  let code = 0
  for (const name of names) {
    try {
      await action(name)
    } catch (error) {
      await reportFailure(error, io)
      code = exitCodes.failed
    }
  }
  return code
}
