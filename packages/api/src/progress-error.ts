import { PouchError } from '@pouch/errors'
import type { ProgressMessage } from './schema/image.js'
import { codeOfStatus, statusOfCode } from './status.js'

/** The last message of a progress stream that failed: the status of an HTTP stream that has begun cannot change. */
export function progressError(error: PouchError): ProgressMessage {
  return { errorDetail: { code: statusOfCode[error.code], message: error.message }, error: error.message }
}

/** The error that a progress message reports; `undefined` when it reports none. Its code comes from `errorDetail.code`. */
export function errorOfProgress(message: ProgressMessage, op: string): PouchError | undefined {
  const text = message.errorDetail?.message ?? message.error
  if (text === undefined || text === '') return undefined
  const status = Number(message.errorDetail?.code ?? 500)
  return new PouchError(status >= 400 && status < 600 ? codeOfStatus(status) : 'internal', text, { op })
}
