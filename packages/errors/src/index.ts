export { codeOfErrno } from './errno.js'
export { errnoOf } from './errno-of.js'
export { hasErrno } from './has-errno.js'
export {
  abortError,
  type ErrorCode,
  type ErrorOptions,
  errorCodes,
  hasCode,
  isErrorCode,
  isPouchError,
  PouchError,
  type PouchErrorBody,
  throwIfAborted,
} from './pouch-error.js'
