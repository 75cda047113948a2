import { codeOfStatus } from '@pouch/api'
import { abortError, isErrorCode, isPouchError, PouchError } from '@pouch/errors'
import type { Address } from './address.js'

/** What a request was, for the errors that it may end in. */
export interface RequestContext {
  readonly op: string
  readonly address: Address
  readonly signal: AbortSignal | undefined
  /** Whether doing it twice is the same as doing it once. */
  readonly repeatable: boolean
}

const connectErrnos: ReadonlySet<string> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'EPERM',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

const certificateErrnos = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_OSSL)/

/** The error of a request to which no reply came. */
export function transportError(thrown: unknown, context: RequestContext): PouchError {
  if (isPouchError(thrown)) return thrown
  const { op, address, signal } = context
  if (signal?.aborted === true) return abortError(signal, { op })
  const errno = errnoOf(thrown)
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  if (errno === 'EACCES' || errno === 'EPERM') {
    const message = `no permission to connect to the daemon at ${address.host}: become root, or a member of the socket's group`
    return new PouchError('permission-denied', message, { op, subject: address.host, cause: thrown })
  }
  if (errno !== undefined && certificateErrnos.test(errno)) {
    const message = `TLS with the daemon at ${address.host} failed (${text}): check the certificates on both sides`
    return new PouchError('unauthenticated', message, { op, subject: address.host, cause: thrown })
  }
  if (errno !== undefined && connectErrnos.has(errno)) {
    const message = `cannot connect to the daemon at ${address.host} (${errno}): is pouchd running? Another address is given with -H or POUCH_HOST`
    return new PouchError('unavailable', message, { op, subject: address.host, cause: thrown })
  }
  if (context.repeatable) {
    const message = `the connection to the daemon at ${address.host} broke before it answered (${text}): try again`
    return new PouchError('unavailable', message, { op, subject: address.host, cause: thrown })
  }
  const message = `the connection to the daemon at ${address.host} broke before it answered (${text}): whether it did what was asked is unknown, so look first`
  return new PouchError('timeout', message, { op, subject: address.host, cause: thrown })
}

/** The error of a stream that broke after the reply had begun. */
export function streamError(thrown: unknown, context: RequestContext): PouchError {
  if (isPouchError(thrown)) return thrown
  if (context.signal?.aborted === true) return abortError(context.signal, { op: context.op })
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new PouchError(
    'unavailable',
    `the daemon at ${context.address.host} stopped in the middle of its answer: ${text}`,
    {
      op: context.op,
      subject: context.address.host,
      cause: thrown,
    },
  )
}

/**
 * The error that a reply of 400 and up stands for: the daemon's own when the body has its code, else one made from the
 * status, which is then in `details.status`.
 */
export function replyError(status: number, body: string, op: string): PouchError {
  const parsed = parseBody(body)
  if (parsed !== undefined && isErrorCode(parsed.code)) {
    return PouchError.fromJSON({ ...parsed, message: String(parsed.message ?? ''), op: parsed.op ?? op })
  }
  const text = typeof parsed?.message === 'string' ? parsed.message : body.trim()
  const message = text === '' ? `the daemon answered ${status} and said nothing more` : text.slice(0, 4000)
  return new PouchError(codeOfStatus(status), message, { op, details: { status } })
}

/** The name of the system error below whatever was thrown, if one is. */
export function errnoOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

interface LooseBody {
  readonly message?: unknown
  readonly code?: unknown
  readonly op?: string
}

function parseBody(body: string): LooseBody | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined
  } catch {
    // Not JSON: a proxy's page or Docker's plain text, which is shown as it is.
    return undefined
  }
}
