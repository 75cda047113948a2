import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { codeOfErrno, type ErrorCode, errnoOf, isPouchError, PouchError } from '@pouch/errors'
import type { Outcome } from '@pouch/libc'

/** A step that may fail, for the error's message. */
export interface Step {
  /** `quota.assignProject`. */
  readonly op: string
  /** What is tried, for a person: `give /srv/a the project 16777216`. */
  readonly what: string
  /** A path or a device. */
  readonly subject: string
  /** What an errno means here, and the way out. */
  readonly reasons?: Readonly<Record<string, string>> | undefined
  /** Codes that differ from those of the errno. */
  readonly codes?: Readonly<Record<string, ErrorCode>> | undefined
}

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOTTY: 'unsupported',
  ENODEV: 'unsupported',
  ENXIO: 'not-found',
  EXDEV: 'invalid-argument',
  E117: 'corrupt',
}

const reasons: Readonly<Record<string, string>> = {
  EPERM: 'it takes root, or CAP_SYS_ADMIN outside a user namespace',
  EACCES: 'it takes root, or CAP_SYS_ADMIN outside a user namespace',
  EROFS: 'the filesystem is read-only; mount it read-write',
  EBUSY: 'something still uses it; end that first',
  ELOOP: 'its last part is a symbolic link, which is not followed; give the directory itself',
  ENOTDIR: 'it is not a directory',
  ENOTTY: 'the filesystem does not know this operation',
  ENOTSUP: 'the filesystem does not know this operation',
  ENOSYS: 'this kernel does not have that call',
  ENOSPC: 'the filesystem is full; free some space',
  EDQUOT: 'a quota is used up',
  EIO: "the disk failed; see the kernel's log",
  E117: 'the filesystem is damaged; unmount and check it',
}

/** The error of a step that failed with an errno, whose name is in the message and in `details.errno`. */
export function stepError(errno: string, step: Step, cause?: unknown): PouchError {
  const number = constants.errno[errno as keyof typeof constants.errno]
  const text = number === undefined ? undefined : getSystemErrorMap().get(-number)?.[1]
  const reason = step.reasons?.[errno] ?? reasons[errno]
  const words = text === undefined ? '' : ` (${text})`
  const message = `cannot ${step.what}: ${errno}${words}${reason === undefined ? '' : `; ${reason}`}`
  const code = step.codes?.[errno] ?? codes[errno] ?? codeOfErrno(errno)
  return new PouchError(code, message, { op: step.op, subject: step.subject, details: { errno }, cause })
}

/** The error of a step in which something was thrown: a system error is told as {@link stepError} does. */
export function thrownError(thrown: unknown, step: Step): PouchError {
  const errno = isPouchError(thrown) || !(thrown instanceof Error) ? undefined : errnoOf(thrown)
  if (errno !== undefined && Object.hasOwn(constants.errno, errno)) return stepError(errno, step, thrown)
  return PouchError.from(thrown, { op: step.op, subject: step.subject, message: `cannot ${step.what}` })
}

/** @returns the call's value @throws PouchError when it failed */
export function succeed({ value, errno }: Outcome, step: Step): number {
  if (errno !== undefined) throw stepError(errno, step)
  return Number(value)
}
