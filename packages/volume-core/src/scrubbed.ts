import { isPouchError, PouchError } from '@pouch/errors'
import { withoutSecrets } from './secret-text.js'

/** As deep as causes are followed: a chain of errors may be a ring. */
const deepest = 8

/**
 * What was thrown, without secrets: in its message, details and causes. An error that tells none is returned as it is; one that does is copied
 * as a PouchError, with its causes, which would tell them in a log.
 *
 * @param secrets longest first, as `secretsInText` of the driver's door finds them
 */
export function scrubbed(thrown: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0 || !tells(thrown, secrets, 0)) return thrown
  return copyOf(thrown, secrets, 0)
}

/** What a driver told, without the secrets of the volume. It is JSON. */
export function untold<T>(told: T, secrets: readonly string[]): T {
  return told === undefined || secrets.length === 0 ? told : (clean(told, secrets) as T)
}

function tells(thrown: unknown, secrets: readonly string[], depth: number): boolean {
  if (!(thrown instanceof Error)) return secrets.some((secret) => textOf(thrown).includes(secret))
  const { message, stack = '', cause } = thrown
  const all = `${message}\n${stack}\n${textOf({ ...thrown })}`
  return secrets.some((secret) => all.includes(secret)) || (depth < deepest && tells(cause, secrets, depth + 1))
}

function copyOf(thrown: unknown, secrets: readonly string[], depth: number): unknown {
  if (!(thrown instanceof Error)) return withoutSecrets(textOf(thrown), secrets)
  const cause = thrown.cause === undefined || depth >= deepest ? undefined : copyOf(thrown.cause, secrets, depth + 1)
  const error = PouchError.from(thrown)
  const message = withoutSecrets(thrown.message, secrets)
  const details = isPouchError(thrown) ? (clean(thrown.details, secrets) as typeof thrown.details) : error.details
  const subject = error.subject === undefined ? undefined : withoutSecrets(error.subject, secrets)
  return new PouchError(error.code, message, { op: error.op, subject, details, cause })
}

function clean(told: unknown, secrets: readonly string[]): unknown {
  return JSON.parse(JSON.stringify(told), (_key, value: unknown) =>
    typeof value === 'string' ? withoutSecrets(value, secrets) : value,
  )
}

/** Details that JSON cannot hold are no text that a log would tell. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}
