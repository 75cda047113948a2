import { type ErrorCode, isPouchError, PouchError } from '@pouch/errors'

/** What SQLite's primary result codes mean to a caller; the rest is `internal`. */
const codes: Readonly<Record<number, ErrorCode>> = {
  3: 'permission-denied', // PERM
  5: 'in-use', // BUSY
  6: 'in-use', // LOCKED
  7: 'exhausted', // NOMEM
  8: 'permission-denied', // READONLY
  11: 'corrupt', // CORRUPT
  13: 'exhausted', // FULL
  14: 'permission-denied', // CANTOPEN
  26: 'corrupt', // NOTADB
}

const ioError = 10
/** PERM, ABORT, BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, MISUSE, NOLFS, AUTH: the machine or the caller has failed, whatever is in the file. */
const notOfTheFile: readonly number[] = [3, 4, 5, 6, 7, 9, ioError, 13, 21, 22, 23]
const lasting: readonly number[] = [ioError, 11, 26]

const waysOut: Partial<Record<ErrorCode, (path: string) => string>> = {
  corrupt: (path) =>
    `put a backup, such as the newest ${path}.backup-*, in its place (restoreStoreFile; pouchd --restore), or save what can ` +
    'still be read (repairStoreFile; pouchd --repair)',
  exhausted: () =>
    'make room on its file system; nothing that was stored is lost, and the store goes on as soon as there is room',
  'in-use': () => 'another process has it open',
  'permission-denied': () => 'check who may write the file and its directory',
}

/**
 * The PouchError of what either SQLite library has thrown.
 *
 * @param what what was being done: `could not be opened`
 */
export function sqliteError(thrown: unknown, op: string, path: string, what: string): PouchError {
  if (isPouchError(thrown)) return thrown
  const result = resultCode(thrown) & 0xff
  const code = codes[result] ?? 'internal'
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const wayOut = result === ioError ? 'the disk has failed; the log of the kernel may tell more' : waysOut[code]?.(path)
  const message = `${op}: the SQLite store ${path} ${what}: ${text}${wayOut === undefined ? '' : `; ${wayOut}`}`
  return new PouchError(code, message, { op, subject: path, cause: thrown })
}

/** Whether SQLite says that something is wrong with what is in the file. What it does not say at all is no damage. */
export function isDamage(thrown: unknown): boolean {
  const result = resultCode(thrown) & 0xff
  return result !== 0 && !notOfTheFile.includes(result)
}

/** Whether SQLite says that the disk is full. */
export function isFull(thrown: unknown): boolean {
  return (resultCode(thrown) & 0xff) === 13
}

/** Whether what {@link sqliteError} made of it means that nothing must be written before the file is opened again: IOERR, CORRUPT, NOTADB. */
export function isLastingFailure(error: unknown): error is PouchError {
  return isPouchError(error) && lasting.includes(resultCode(error.cause) & 0xff)
}

/** Whether what {@link sqliteError} made of it is an I/O error, of which SQLite does not tell the reason. */
export function isIoFailure(error: PouchError): boolean {
  return (resultCode(error.cause) & 0xff) === ioError
}

/** The result code: `errno` in the package sqlite3, `errcode` in node:sqlite. */
function resultCode(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null) return 0
  const { errno, errcode } = thrown as { errno?: unknown; errcode?: unknown }
  const number = errcode ?? errno
  return typeof number === 'number' ? number : 0
}
