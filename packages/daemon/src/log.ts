import { destination, type Logger as PinoLogger, pino, stdSerializers } from 'pino'
import type { LogLevel } from './settings.js'

/** Names of fields whose values never reach the log, however deep they are; in lower case. */
const secrets: ReadonlySet<string> = new Set([
  'auth',
  'authorization',
  'identitytoken',
  'password',
  'registrytoken',
  'secret',
  'token',
  'x-registry-auth',
])

const maxDepth = 8

/** The daemon's log: one JSON object a line, on stderr unless told. */
export function createLog(level: LogLevel, fd = 2): PinoLogger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      formatters: { log: (fields) => masked(fields, 0) as Record<string, unknown> },
      serializers: { err: (error: Error) => masked(stdSerializers.errWithCause(error), 0) },
    },
    destination({ fd, sync: true }),
  )
}

function masked(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth >= maxDepth) return '[too deep]'
  if (Array.isArray(value)) return value.map((item) => masked(item, depth + 1))
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    secrets.has(name.toLowerCase()) ? '***' : masked(field, depth + 1),
  ])
  return Object.fromEntries(fields)
}
