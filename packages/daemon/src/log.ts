import { destination, type Logger as PinoLogger, pino } from 'pino'
import type { LogLevel } from './settings.js'

/** Names of fields whose values never reach the log, wherever they are. */
const secrets = [
  'password',
  'identitytoken',
  'registrytoken',
  'auth',
  'authorization',
  'secret',
  'token',
  '["x-registry-auth"]',
]

/** The daemon's log: one JSON object a line, on stderr unless told. */
export function createLog(level: LogLevel, fd = 2): PinoLogger {
  const paths = secrets.flatMap((name) => {
    const path = name.startsWith('[') ? name : `.${name}`
    return [name, `*${path}`, `*.*${path}`]
  })
  return pino({ level, base: { pid: process.pid }, redact: { paths, censor: '***' } }, destination({ fd, sync: true }))
}
