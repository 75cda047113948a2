import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { codeOfErrno, type ErrorCode, errnoOf, isPouchError, PouchError } from '@pouch/errors'
import { type ByteName, shownName } from './byte-name.js'

/** What failed, on which entry. */
export interface FailedStep {
  /** `tree.pack`, `tree.unpack`, `tree.copy`, … */
  readonly op: string
  /** The directory that the work is on, as the caller gave it. */
  readonly root: string
  /** The entry below it. */
  readonly path?: ByteName | undefined
}

const codes: Readonly<Record<string, ErrorCode>> = {
  EFBIG: 'unsupported',
  EILSEQ: 'unsupported',
  EMLINK: 'exhausted',
  ENXIO: 'unsupported',
}

const waysOut: Readonly<Record<string, string>> = {
  EPERM: 'this takes root, or a file that is not immutable',
  EACCES: 'this takes root, or permissions that let the caller in',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the file system is full; make room and try again',
  EDQUOT: 'a quota is used up; raise it and try again',
  ENAMETOOLONG: 'the file system takes no name of that length',
  EFBIG: 'the file system takes no file of that size',
  EMFILE: 'too many files are open; raise the limit (ulimit -n)',
}

/** The PouchError of a step that failed. A PouchError stays what it is. */
export function treeError(thrown: unknown, what: string, { op, root, path }: FailedStep): PouchError {
  if (isPouchError(thrown)) return thrown
  const errno = thrown instanceof Error ? errnoOf(thrown) : undefined
  const subject = path === undefined ? root : `${root}/${shownName(path)}`
  if (errno === undefined) return PouchError.from(thrown, { op, subject, message: `${what} ${subject}` })
  const number = constants.errno[errno as keyof typeof constants.errno]
  const words = number === undefined ? undefined : getSystemErrorMap().get(-number)?.[1]
  const text = words === undefined ? '' : ` (${words})`
  const wayOut = waysOut[errno]
  const message = `${what} ${subject}: ${errno}${text}${wayOut === undefined ? '' : `; ${wayOut}`}`
  const code = codes[errno] ?? codeOfErrno(errno)
  return new PouchError(code, message, { op, subject, details: { errno }, cause: thrown })
}

/** The error of a system call that was not Node's: it has its errno as Node's have. */
export function systemError(call: string, errno: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${call}: ${errno}`), { code: errno, syscall: call })
}
