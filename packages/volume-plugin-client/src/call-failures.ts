import { abortError, isPouchError } from '@pouch/errors'
import { type SentCall, wordsOf } from './plugin-call.js'
import { PluginFailure, type PluginFailureOptions } from './plugin-failure.js'

const certificateErrnos = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH)/

/** The failure of a request to which no whole answer came. */
export function failureOf(thrown: unknown, call: SentCall): PluginFailure {
  if (thrown instanceof PluginFailure) return thrown
  if (call.signal.aborted) return cancelled(thrown, call)
  if (call.deadline.aborted) return late(thrown, call)
  if (isPouchError(thrown))
    return failure('internal', `failed: ${thrown.message}`, thrown, call, { outcome: 'unknown' })
  const errno = stringOf(thrown, 'code')
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  if (errno !== undefined && certificateErrnos.test(errno)) {
    const why = `was not sent, for TLS failed (${text}): name the right authority and certificate in the plugin's .json file`
    return failure('permission-denied', why, thrown, call, { outcome: 'nothing' })
  }
  if (isConnectError(thrown)) return unreachable(thrown, errno ?? text, call)
  return brokenOff(thrown, text, call)
}

function cancelled(thrown: unknown, call: SentCall): PluginFailure {
  const { code, message } = abortError(call.signal)
  return failure(code, `was cut off (${message}); whether it was done is unknown`, thrown, call, { outcome: 'unknown' })
}

function late(thrown: unknown, call: SentCall): PluginFailure {
  const unknown = call.changes === true ? ': whether it was done is unknown' : ''
  const why = `had no answer within ${call.timeoutMs} ms${unknown}; see whether the plugin hangs`
  return failure('timeout', why, thrown, call, { outcome: 'unknown' })
}

function unreachable(thrown: unknown, errno: string, call: SentCall): PluginFailure {
  if (errno === 'EACCES' || errno === 'EPERM') {
    const why = `was not sent, for there is no permission to connect (${errno}): run as root, or change the mode of the socket`
    return failure('permission-denied', why, thrown, call, { outcome: 'nothing' })
  }
  const why = `was not sent, for nobody answers there (${errno}): start the plugin, or remove its file if it is no more`
  return failure('unavailable', why, thrown, call, { outcome: 'nothing', isTransient: true })
}

function brokenOff(thrown: unknown, text: string, call: SentCall): PluginFailure {
  if (call.changes === true) {
    const why = `was cut off before its answer was whole (${text}): whether it was done is unknown; look, and try again`
    return failure('timeout', why, thrown, call, { outcome: 'unknown' })
  }
  const why = `was cut off before its answer was whole (${text}): see whether the plugin died`
  return failure('unavailable', why, thrown, call, { outcome: 'unknown', isTransient: true })
}

function failure(
  code: ConstructorParameters<typeof PluginFailure>[0],
  why: string,
  cause: unknown,
  call: SentCall,
  options: PluginFailureOptions,
): PluginFailure {
  const details = { plugin: call.plugin, method: call.method, address: call.address }
  const about = { op: `plugin.${call.method}`, subject: call.subject ?? call.plugin, details, cause }
  return new PluginFailure(code, `${wordsOf(call)} ${why}`, { ...about, ...options })
}

/** Node names the system call that failed, and node-fetch passes the name on under another one. */
function isConnectError(thrown: unknown): boolean {
  const names = [stringOf(thrown, 'syscall'), stringOf(thrown, 'erroredSysCall')]
  return names.includes('connect') || names.includes('getaddrinfo')
}

function stringOf(thrown: unknown, key: string): string | undefined {
  if (!(thrown instanceof Error) || !(key in thrown)) return undefined
  const value: unknown = Reflect.get(thrown, key)
  return typeof value === 'string' ? value : undefined
}
