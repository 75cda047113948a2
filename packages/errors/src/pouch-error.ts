import { codeOfErrno } from './errno.js'
import { errnoOf } from './errno-of.js'

/**
 * Why an operation failed, independent of any protocol.
 *
 * - `unavailable`: nothing was sent or done; the same call may be tried again.
 * - `timeout`: the deadline passed and the outcome is unknown.
 * - `exhausted`: space, quota or another resource ran out.
 * - `aborted`: the caller's own signal ended the call.
 */
export const errorCodes = [
  'invalid-argument',
  'unauthenticated',
  'permission-denied',
  'not-found',
  'already-exists',
  'in-use',
  'conflict',
  'internal',
  'corrupt',
  'unsupported',
  'unavailable',
  'timeout',
  'exhausted',
  'aborted',
] as const

/** One of the closed list {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number]

/** What an error is about, beside its message. Every value survives JSON. */
export interface ErrorOptions {
  /** The operation that failed: `volume.create`, `mount`, `content.write`. */
  readonly op?: string | undefined
  /** The thing it failed on: a name, a path, a reference. */
  readonly subject?: string | undefined
  /** Facts for programs: holders of a volume, known drivers, the option's name. JSON values only. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  /** The failure below this one. It is kept, and never sent to a client. */
  readonly cause?: unknown
}

/** The JSON form of a {@link PouchError}, as it travels in HTTP bodies. */
export interface PouchErrorBody {
  readonly message: string
  readonly code: ErrorCode
  readonly op?: string | undefined
  readonly subject?: string | undefined
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

const brand = Symbol.for('@pouch/errors/PouchError')

/** The one error class of Pouch. Branch on {@link PouchError.code} (or {@link hasCode}), never on the message. */
export class PouchError extends Error {
  readonly code: ErrorCode
  readonly op: string | undefined
  readonly subject: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  /**
   * @param code one of the closed list
   * @param message who failed at what, why, and the way out; a sentence for a person
   * @param options the operation, its subject, details and the cause
   */
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'PouchError'
    this.code = code
    this.op = options.op
    this.subject = options.subject
    this.details = Object.freeze({ ...options.details })
    Object.defineProperty(this, brand, { value: true })
  }

  /**
   * Makes a PouchError of anything that was thrown. A PouchError is returned as it is; an abort becomes `aborted`;
   * a system error gets the code of its errno; everything else is `internal`. The original is the cause.
   *
   * @param thrown what was caught
   * @param context what was being done; `message` is put before the original text
   */
  static from(thrown: unknown, context: ErrorOptions & { readonly message?: string } = {}): PouchError {
    if (isPouchError(thrown)) return thrown
    const text = thrown instanceof Error ? thrown.message : String(thrown)
    const message = context.message === undefined ? text : `${context.message}: ${text}`
    return new PouchError(codeOfThrown(thrown), message, { ...context, cause: thrown })
  }

  /**
   * Rebuilds an error from its JSON form, such as an HTTP body.
   *
   * @throws TypeError when the value is not such a body
   */
  static fromJSON(body: unknown): PouchError {
    if (!isErrorBody(body)) throw new TypeError('not the JSON form of a PouchError')
    return new PouchError(body.code, body.message, { op: body.op, subject: body.subject, details: body.details })
  }

  /** The JSON form. Cause and stack stay here. */
  toJSON(): PouchErrorBody {
    return {
      message: this.message,
      code: this.code,
      ...(this.op === undefined ? {} : { op: this.op }),
      ...(this.subject === undefined ? {} : { subject: this.subject }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    }
  }
}

/** Whether a value is a PouchError, also one made by another installed copy of this package. */
export function isPouchError(value: unknown): value is PouchError {
  return value instanceof Error && (value as { [brand]?: unknown })[brand] === true
}

/** Whether a value is a PouchError with this code, also one made by another installed copy of this package. */
export function hasCode(value: unknown, code: ErrorCode): value is PouchError {
  return isPouchError(value) && value.code === code
}

/** Whether a string is one of {@link errorCodes}. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && (errorCodes as readonly string[]).includes(value)
}

/** Throws `aborted` when the signal has fired; its reason is the cause. */
export function throwIfAborted(signal: AbortSignal | undefined, options: ErrorOptions = {}): void {
  if (signal?.aborted !== true) return
  throw abortError(signal, options)
}

/** The error of a call whose signal fired: `timeout` when the signal was a deadline, else `aborted`. */
export function abortError(signal: AbortSignal, options: ErrorOptions = {}): PouchError {
  if (isPouchError(signal.reason)) return signal.reason
  const isDeadline = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
  const text = isDeadline ? 'the deadline passed' : 'the caller cancelled it'
  const what = options.op === undefined ? text : `${options.op}: ${text}`
  return new PouchError(isDeadline ? 'timeout' : 'aborted', what, { ...options, cause: signal.reason })
}

function codeOfThrown(thrown: unknown): ErrorCode {
  if (!(thrown instanceof Error)) return 'internal'
  if (thrown.name === 'AbortError') return 'aborted'
  if (thrown.name === 'TimeoutError') return 'timeout'
  const errno = errnoOf(thrown)
  return errno === undefined ? 'internal' : codeOfErrno(errno)
}

function isErrorBody(value: unknown): value is PouchErrorBody {
  if (typeof value !== 'object' || value === null) return false
  const body = value as Record<string, unknown>
  return (
    typeof body.message === 'string' &&
    isErrorCode(body.code) &&
    (body.op === undefined || typeof body.op === 'string') &&
    (body.subject === undefined || typeof body.subject === 'string') &&
    (body.details === undefined || (typeof body.details === 'object' && body.details !== null))
  )
}
