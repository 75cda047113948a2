import { parseBytes } from '@pouch/units'
import type { LogConfig } from '../container-config.js'
import { refused } from './refused.js'

/** How a json-file log is bounded. */
export interface LogRotation {
  /** A file that has reached this is set aside; `undefined` for no bound. */
  readonly maxSizeBytes: number | undefined
  /** How many files there are at most, with the current one. */
  readonly maxFiles: number
}

/** The options that hold when none are given: five files of 20 MiB. A `max-size` of one's own means one file, as with Docker. */
export function defaultLogOptions(config: LogConfig | undefined): Readonly<Record<string, string>> {
  if (config?.type === 'none') return {}
  return config?.options?.['max-size'] === undefined ? { 'max-size': '20m', 'max-file': '5' } : { 'max-file': '1' }
}

/** Reads and checks log options. @throws PouchError `invalid-argument` */
export function logRotation(config: LogConfig): LogRotation {
  if (config.type !== 'json-file' && config.type !== 'none') {
    throw refused(`error looking up logging plugin ${String(config.type)}: known are json-file and none`, 'logConfig')
  }
  const options = config.options ?? {}
  for (const name of Object.keys(options)) {
    if (!['max-size', 'max-file'].includes(name))
      throw refused(`unknown log opt '${name}' for ${config.type} log driver`, 'logConfig')
  }
  const maxSizeBytes =
    options['max-size'] === undefined || options['max-size'] === '-1' ? undefined : parseBytes(options['max-size'])
  const maxFiles = Number(options['max-file'] ?? 1)
  if (!Number.isInteger(maxFiles) || maxFiles < 1 || maxFiles > 1000) {
    throw refused(`max-file '${options['max-file']}' is not a whole number from 1 to 1000`, 'logConfig')
  }
  return { maxSizeBytes, maxFiles }
}
