import { statusOfCode } from '@pouch/api'
import { type ErrorCode, type ErrorOptions, PouchError } from '@pouch/errors'

/** An error that Docker answers with another status than its code has in the table of `@pouch/api`. */
export class StatusError extends PouchError {
  readonly status: number

  /** @param status the HTTP status of the reply */
  constructor(status: number, code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(code, message, options)
    this.status = status
  }
}

/** The status of a reply that carries this error. */
export function statusOf(error: PouchError): number {
  return error instanceof StatusError ? error.status : statusOfCode[error.code]
}

/** The JSON body of a reply that carries this error: Docker's clients read `message`, ours read all of it. */
export function errorBody(error: PouchError): string {
  return `${JSON.stringify(error.toJSON())}\n`
}

/** The reply to a path that no route has. */
export function pageNotFound(): PouchError {
  return new PouchError('not-found', 'page not found', { op: 'http.route' })
}
