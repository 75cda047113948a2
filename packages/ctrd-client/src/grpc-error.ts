import { Metadata, type ServiceError } from '@grpc/grpc-js'
import { type ErrorCode, PouchError } from '@pouch/errors'

/** What a call is called in errors: `op` for programs, `doing` for people, `subject` the thing it is about. */
export interface CallName {
  /** Such as `tasks.create`; errors carry it as `containerd.tasks.create`. */
  readonly op: string
  /** Completes "containerd could not …": `create the task`. */
  readonly doing: string
  readonly subject?: string | undefined
}

const codes: Readonly<Record<number, ErrorCode>> = {
  1: 'aborted',
  3: 'invalid-argument',
  4: 'timeout',
  5: 'not-found',
  6: 'already-exists',
  7: 'permission-denied',
  8: 'exhausted',
  9: 'conflict',
  10: 'conflict',
  11: 'invalid-argument',
  12: 'unsupported',
  14: 'unavailable',
  15: 'corrupt',
  16: 'unauthenticated',
}

const waysOut: Readonly<Record<number, string>> = {
  4: 'whether it was done is unknown: look before trying again',
  12: 'this containerd, or the plugin of it that was asked, cannot do it',
}

/**
 * A PouchError for a gRPC failure, or for anything else that a call threw. `details.answered` is set when the failure is
 * certainly containerd's own answer: a connection that fails never carries the answer's headers.
 */
export function fromGrpcError(thrown: unknown, name: CallName, address: string): PouchError {
  const op = `containerd.${name.op}`
  const subject = name.subject
  const what = `containerd could not ${name.doing}${subject === undefined ? '' : ` ${subject}`}`
  if (!isServiceError(thrown)) return PouchError.from(thrown, { op, subject, message: what })
  const code = codes[thrown.code] ?? 'internal'
  const isAnswered = thrown.metadata.get('content-type').length > 0
  const details = { grpcCode: thrown.code, containerdMessage: thrown.details, ...(isAnswered && { answered: true }) }
  const wayOut = thrown.code === 14 && !isAnswered ? `is containerd running at ${address}?` : waysOut[thrown.code]
  const message = `${what}: ${thrown.details}${wayOut === undefined ? '' : ` (${wayOut})`}`
  return new PouchError(code, message, { op, subject, details, cause: thrown })
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  if (!(thrown instanceof Error)) return false
  const candidate = thrown as { code?: unknown; details?: unknown; metadata?: unknown }
  return (
    typeof candidate.code === 'number' &&
    typeof candidate.details === 'string' &&
    candidate.metadata instanceof Metadata
  )
}
