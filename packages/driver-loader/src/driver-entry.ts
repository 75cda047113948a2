import { isAbsolute } from 'node:path'
import { PouchError } from '@pouch/errors'

/** A volume driver that a configuration file names. */
export interface DriverEntry {
  /** The package: `pouch-volume-x` or `@acme/pouch-volume-x`. Its default export is the driver's factory. */
  readonly package: string
  /** The driver's own name. Checked when it is loaded, and shown when it cannot be. */
  readonly name: string | undefined
  /** What the factory is called with. */
  readonly options: Readonly<Record<string, unknown>>
  /** The configuration file, absolute. Packages are looked for from its directory on. */
  readonly declaredIn: string
}

const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/
const longestPackageName = 214
const driverName = /^[a-z0-9][a-z0-9-]{0,62}$/
const keys = ['package', 'name', 'options']

/**
 * Reads the drivers of a configuration file: `[{ "package": "@acme/pouch-volume-x", "options": { … } }]`.
 *
 * @param value as it was in the file
 * @param declaredIn the file, an absolute path
 * @throws PouchError `invalid-argument` that names the entry and what is wrong with it
 */
export function parseDriverEntries(value: unknown, declaredIn: string): readonly DriverEntry[] {
  if (!isAbsolute(declaredIn)) throw refused(declaredIn, 'its path has to be absolute')
  if (!Array.isArray(value)) throw refused(declaredIn, "'drivers' has to be a list")
  return Object.freeze(value.map((entry, index) => entryOf(entry, `drivers[${index}]`, declaredIn)))
}

function entryOf(value: unknown, where: string, declaredIn: string): DriverEntry {
  if (!isObject(value)) throw refused(declaredIn, `'${where}' has to be an object with a 'package'`)
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw refused(declaredIn, `'${where}' has no '${unknown}': there are ${keys.join(', ')}`)
  const { package: name, name: driver, options = {} } = value
  if (typeof name !== 'string' || name.length > longestPackageName || !packageName.test(name)) {
    throw refused(declaredIn, `'${where}.package' has to be the name of a package, not ${JSON.stringify(name)}`)
  }
  if (driver !== undefined && (typeof driver !== 'string' || !driverName.test(driver))) {
    throw refused(declaredIn, `'${where}.name' has to have lower-case letters, digits and hyphens alone`)
  }
  if (!isObject(options)) throw refused(declaredIn, `'${where}.options' has to be an object`)
  return Object.freeze({ package: name, name: driver, options: Object.freeze({ ...options }), declaredIn })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(file: string, why: string): PouchError {
  const text = `the configuration file ${file} cannot be used: ${why}`
  return new PouchError('invalid-argument', text, { op: 'drivers.config', subject: file })
}
