import { readFile } from 'node:fs/promises'
import { loadDrivers, parseDriverEntries } from '@pouch/driver-loader'
import { PouchError } from '@pouch/errors'
import type { DriverDefinition } from '@pouch/volume-core'
import { ownDrivers } from './own-driver.js'

/**
 * A driver whose package a configuration file names, in the form of pouchd's: `{ "drivers": [{ "package": "…", "options": { … } }] }`. The
 * file's other keys are of no account.
 *
 * @param name the driver's name
 * @param file absolute
 * @param home packages are also looked for in `<home>/drivers/node_modules`
 * @throws PouchError `not-found` when none of the file's drivers has the name, `invalid-argument` for a file that is none, and what
 *   `loadDrivers` throws
 */
export async function packagedDriver(name: string, file: string, home: string): Promise<DriverDefinition> {
  const entries = parseDriverEntries((await configOf(file)).drivers ?? [], file)
  const wanted = entries.filter((entry) => entry.name === undefined || entry.name === name)
  const loaded = await loadDrivers(wanted, { home, reserved: ownDrivers })
  const found = loaded.find((definition) => definition.name === name)
  if (found !== undefined) return found
  const known = loaded.map((definition) => definition.name)
  const text = `there is no volume driver '${name}': ${file} has ${known.length === 0 ? 'none' : known.join(', ')}`
  throw new PouchError('not-found', text, { op: 'driver.choose', subject: name, details: { drivers: known } })
}

async function configOf(file: string): Promise<Readonly<Record<string, unknown>>> {
  let config: unknown
  try {
    config = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    const at = { op: 'driver.config', subject: file, cause: error }
    if (error instanceof SyntaxError)
      throw new PouchError('invalid-argument', `${file} is not JSON: ${error.message}`, at)
    throw PouchError.from(error, { message: `cannot read ${file}`, ...at })
  }
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return { ...config }
  throw new PouchError('invalid-argument', `${file} is not a JSON object`, { op: 'driver.config', subject: file })
}
