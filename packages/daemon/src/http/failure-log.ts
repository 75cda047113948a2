import type { PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core'

/** Logs an answer that is the daemon's failure, with its cause; what a client asked wrongly, or this version lacks, is its own to know. */
export function logFailure(log: Logger, error: PouchError, status: number): void {
  if (status < 500) return
  const fields = { op: error.op, subject: error.subject }
  if (error.code === 'unsupported') log.info(fields, error.message)
  else log.error({ err: error, ...fields }, error.message)
}
