import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { codeOfErrno, type ErrorCode, PouchError } from '@pouch/errors'

/** What failed, for the error's message. */
export interface FailedCall {
  /** `mount`, `unmount`, `mkfifo`, `punchHole`. */
  readonly op: string
  /** What was tried, for a person: `mount tmpfs on /x`. */
  readonly what: string
  /** The target. */
  readonly subject: string
  /** Why, in the words of a program that failed; those of the system unless given. */
  readonly words?: string
  /** More facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

const codes: Readonly<Record<string, ErrorCode>> = { ENODEV: 'unsupported', ENOTBLK: 'invalid-argument' }

const waysOut: Readonly<Record<string, string>> = {
  EPERM: 'this takes root, or CAP_SYS_ADMIN in a mount namespace of its own',
  EACCES: 'this takes root, and a device that is not read-only',
  EBUSY: 'something still uses it; end that first',
  ENOENT: 'source and target have to exist before they are mounted',
  ENODEV: 'this kernel does not know that type of file system',
  ENOTBLK: 'the source has to be a block device; a file needs a loop device',
  EINVAL: 'an option is wrong, the source holds no such file system, or the target is not a mount point',
  ENOSYS: 'this kernel does not have that system call',
}

/** The PouchError of a system call that failed with an errno: its name is in the message and in `details.errno`. */
export function mountError(errno: string, { op, what, subject, words, details, cause }: FailedCall): PouchError {
  const number = constants.errno[errno as keyof typeof constants.errno]
  const text = words ?? (number === undefined ? undefined : getSystemErrorMap().get(-number)?.[1])
  const wayOut = waysOut[errno]
  const message = `${what}: ${errno}${text === undefined ? '' : ` (${text})`}${wayOut === undefined ? '' : `; ${wayOut}`}`
  return new PouchError(codes[errno] ?? codeOfErrno(errno), message, {
    op,
    subject,
    details: { errno, ...details },
    cause,
  })
}
