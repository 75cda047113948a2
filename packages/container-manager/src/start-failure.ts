import { isPouchError, PouchError } from '@pouch/errors'

const notFound = /executable file not found|no such file or directory|not found: unknown/i
const notExecutable = /permission denied|is a directory|exec format error|not a directory|is not executable/i

/** Exit code of a container whose process could not be started for another reason. */
const engineFailure = 128

/**
 * The exit code that stands for a start that failed: 127 for a program that is not there, 126 for one that cannot be run, else 128.
 * containerd tells these apart in its text alone.
 */
export function exitCodeOf(error: unknown): number {
  const text = runtimeText(error)
  if (!/exec|starting container process|container_linux|shim task/i.test(text)) return engineFailure
  if (notExecutable.test(text)) return 126
  return notFound.test(text) && /exec|stat|chdir/i.test(text) ? 127 : engineFailure
}

/** What the runtime said, without what was put around it on the way. */
export function runtimeText(error: unknown): string {
  if (!isPouchError(error)) return error instanceof Error ? error.message : String(error)
  const told = error.details.containerdMessage
  return typeof told === 'string' ? told : error.message
}

/** The error of a start: a program that is not there or cannot be run is the caller's mistake. */
export function startError(error: unknown, id: string, exitCode: number): PouchError {
  const isCallersMistake = exitCode === 126 || exitCode === 127
  if (!isCallersMistake && isPouchError(error)) return error
  return new PouchError(isCallersMistake ? 'invalid-argument' : 'internal', runtimeText(error), {
    op: 'container.start',
    subject: id,
    details: { exitCode },
    cause: error,
  })
}
