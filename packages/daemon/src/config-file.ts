import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type DriverEntry, parseDriverEntries } from '@pouch/driver-loader'
import { PouchError } from '@pouch/errors'
import { type SettingSpec, settingSpecs } from './settings.js'

/** What a configuration file says. */
export interface ConfigFile {
  /** The settings that are flags, too, by their long names. */
  readonly values: Readonly<Record<string, string | readonly string[] | boolean>>
  /** The volume drivers that come from packages. */
  readonly drivers: readonly DriverEntry[]
}

/**
 * Reads a configuration file: a JSON object whose keys are the long flags, and `drivers`.
 *
 * @returns the values of the right types
 * @throws PouchError `invalid-argument` on a key that is not known, or a value of the wrong type, by name
 */
export function readConfigFile(path: string): ConfigFile {
  const value = parse(path)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refused(path, 'it has to be a JSON object')
  const { drivers = [], ...rest } = value as { readonly drivers?: unknown }
  const values: Record<string, string | readonly string[] | boolean> = {}
  for (const [key, item] of Object.entries(rest)) {
    const spec = settingSpecs.find(({ name }) => name === key)
    if (spec === undefined)
      throw refused(
        path,
        `'${key}' is not a setting; there are ${[...settingSpecs.map((each) => each.name), 'drivers'].join(', ')}`,
        key,
      )
    values[key] = typed(path, spec, item)
  }
  return { values, drivers: parseDriverEntries(drivers, resolve(path)) }
}

function parse(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw PouchError.from(error, { message: 'cannot read the configuration file', op: 'daemon.config', subject: path })
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused(path, `it is not JSON: ${error instanceof Error ? error.message : String(error)}`, undefined, error)
  }
}

function typed(path: string, { name, kind }: SettingSpec, value: unknown): string | readonly string[] | boolean {
  if (kind === 'boolean') {
    if (typeof value === 'boolean') return value
    throw refused(path, `'${name}' has to be true or false`, name)
  }
  if (kind === 'text') {
    if (typeof value === 'string') return value
    throw refused(path, `'${name}' has to be a string`, name)
  }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw refused(path, `'${name}' has to be a list of strings`, name)
}

function refused(path: string, why: string, subject?: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', `the configuration file ${path} cannot be used: ${why}`, {
    op: 'daemon.config',
    subject: subject ?? path,
    cause,
  })
}
