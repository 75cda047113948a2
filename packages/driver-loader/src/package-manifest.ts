import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'

/** What of a package.json says how it is loaded. */
export interface PackageManifest {
  /** The module that a plain import of the package loads: a path below the package, without `..`. */
  readonly entry: string
  /** Its version, if it tells one. */
  readonly version: string | undefined
  /** The packages that it may import. */
  readonly dependencies: readonly string[]
}

type Json = Readonly<Record<string, unknown>>

/** Those that Node itself takes for `import`. */
const conditions = new Set(['node', 'import', 'module-sync', 'default'])
/** What npm takes for one, or nearly: it is shown to people. */
const versionPattern = /^[\w.+-]{1,64}$/
const longestManifestBytes = 1 << 20

/**
 * Reads a package.json.
 *
 * @throws PouchError `not-found`, or `invalid-argument` when it is none, or says of no module that it is the package's
 */
export async function readManifest(directory: string): Promise<PackageManifest> {
  const file = join(directory, 'package.json')
  const manifest = await readJson(file)
  const { exports: doors, main, version } = manifest
  const entry = doors === undefined ? (typeof main === 'string' ? main : 'index.js') : mainDoor(doors)
  const steps = entry?.split('/').filter((step) => step !== '.' && step !== '') ?? []
  if (steps.length === 0 || steps.includes('..') || steps.includes('node_modules')) {
    throw refused(file, "it names no module of its own under 'exports' or 'main'")
  }
  return {
    entry: steps.join('/'),
    version: typeof version === 'string' && versionPattern.test(version) ? version : undefined,
    dependencies: dependenciesOf(manifest),
  }
}

async function readJson(file: string): Promise<Json> {
  const text = await readFile(file, 'utf8')
  if (text.length > longestManifestBytes) throw refused(file, 'it is too long')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refused(file, `it is not JSON: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(file, 'it is no object')
  return value as Json
}

/** The target of the door `.`, by the conditions of an import. */
function mainDoor(doors: unknown): string | undefined {
  const isOfDoors = typeof doors === 'object' && doors !== null && Object.keys(doors).some((key) => key.startsWith('.'))
  const target = targetOf(isOfDoors ? (doors as Json)['.'] : doors)
  return target?.startsWith('./') === true ? target : undefined
}

function targetOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return undefined
  const options = Array.isArray(value)
    ? value
    : Object.keys(value)
        .filter((key) => conditions.has(key))
        .map((key) => (value as Json)[key])
  for (const option of options) {
    const target = targetOf(option)
    if (target !== undefined) return target
  }
  return undefined
}

function dependenciesOf({ dependencies, peerDependencies, optionalDependencies }: Json): string[] {
  const tables = [dependencies, peerDependencies, optionalDependencies]
  const names = tables.flatMap((table) => (typeof table === 'object' && table !== null ? Object.keys(table) : []))
  // Anything else is no package's name, and nothing can import it.
  return names.filter((name) => /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*$/.test(name))
}

function refused(file: string, why: string, cause?: unknown): PouchError {
  const text = `${file} is not the package.json of a driver: ${why}`
  return new PouchError('invalid-argument', text, { op: 'drivers.load', subject: file, cause })
}
