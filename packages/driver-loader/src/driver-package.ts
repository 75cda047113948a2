import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PouchError } from '@pouch/errors'
import { checkDriverDefinitions, type DriverDefinition } from '@pouch/volume-core'
import type { DriverEntry } from './driver-entry.js'
import { findPackage, packageFolders } from './package-folders.js'
import { readManifest } from './package-manifest.js'
import type { TrustedPaths } from './trusted-paths.js'

/**
 * Finds a driver's package, makes sure that nobody else could have written it, imports it and calls its factory.
 *
 * @param home where `drivers/node_modules` may be
 * @throws PouchError saying which package could not be loaded, and why: `not-found`, `permission-denied`, `invalid-argument`,
 *   `unsupported` for a newer contract, `unavailable` for what the package itself throws
 */
export async function loadDriver(entry: DriverEntry, home: string, paths: TrustedPaths): Promise<DriverDefinition> {
  try {
    const { module, version } = await trustedModule(entry, home, paths)
    const factory = await importFactory(module)
    const definition = await callFactory(factory, entry.options)
    checkDefinition(definition, entry)
    return withVersion(definition, version)
  } catch (cause) {
    const { code, message } = PouchError.from(cause)
    throw new PouchError(code, `the driver package ${entry.package} is not loaded: ${message}`, {
      op: 'drivers.load',
      subject: entry.package,
      details: { package: entry.package, declaredIn: entry.declaredIn },
      cause,
    })
  }
}

/** A driver that tells no version has that of its package. */
function withVersion(definition: DriverDefinition, version: string | undefined): DriverDefinition {
  if (definition.version !== undefined || version === undefined) return definition
  const { contract, name, options } = definition
  return Object.freeze<DriverDefinition>({
    contract,
    name,
    version,
    options,
    open: async (host) => await definition.open(host),
  })
}

/** @returns the path of the module to import, without symbolic links, and what its package.json tells */
async function trustedModule({ package: name, declaredIn }: DriverEntry, home: string, paths: TrustedPaths) {
  const folders = [...packageFolders(dirname(declaredIn)), join(home, 'drivers/node_modules')]
  const found = await findPackage(name, folders)
  if (found === undefined) {
    const text = `it is in none of ${folders.join(', ')}: npm install it in ${dirname(declaredIn)} or ${join(home, 'drivers')}`
    throw new PouchError('not-found', text, { details: { folders } })
  }
  const directory = await paths.resolve(found)
  const { entry, version } = await trustPackage(directory, paths, new Set())
  const module = await paths.resolve(join(directory, entry))
  if (module.startsWith(`${directory}/`)) return { module, version }
  throw new PouchError('permission-denied', `its module ${entry} is a link that leaves the package, to ${module}`)
}

/** Trusts a package with all that it may import: an imported module runs as we do. */
async function trustPackage(directory: string, paths: TrustedPaths, seen: Set<string>) {
  seen.add(directory)
  await paths.resolveAll(directory)
  const manifest = await readManifest(directory)
  for (const name of manifest.dependencies) {
    const found = await findPackage(name, packageFolders(directory))
    // One that is missing is an optional one, or the import will say so.
    if (found === undefined) continue
    const dependency = await paths.resolve(found)
    if (!seen.has(dependency)) await trustPackage(dependency, paths, seen)
  }
  return manifest
}

async function importFactory(module: string): Promise<(options: unknown) => unknown> {
  const { default: factory } = await orUnavailable('its import', async () => {
    return (await import(/* @vite-ignore */ pathToFileURL(resolve(module)).href)) as { readonly default?: unknown }
  })
  if (typeof factory === 'function') return factory as (options: unknown) => unknown
  const text = `its default export has to be the driver's factory, and is ${factory === undefined ? 'missing' : `of type ${typeof factory}`}`
  throw new PouchError('invalid-argument', text)
}

async function callFactory(factory: (options: unknown) => unknown, options: unknown): Promise<DriverDefinition> {
  return (await orUnavailable('its factory', async () => await factory(options))) as DriverDefinition
}

/** Whatever foreign code throws is a failure of its own; a PouchError keeps its code. */
async function orUnavailable<T>(who: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = PouchError.from(cause).code
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PouchError(code === 'internal' ? 'unavailable' : code, `${who} threw: ${why}`, { cause })
  }
}

function checkDefinition(definition: unknown, { name }: DriverEntry): asserts definition is DriverDefinition {
  if (typeof definition !== 'object' || definition === null || typeof Reflect.get(definition, 'open') !== 'function') {
    throw new PouchError(
      'invalid-argument',
      'its factory answered no definition of a driver, which has a name and open',
    )
  }
  checkDriverDefinitions([definition as DriverDefinition])
  const told = (definition as DriverDefinition).name
  if (name !== undefined && told !== name) {
    throw new PouchError(
      'invalid-argument',
      `its driver is called '${told}', and the configuration file says '${name}'`,
    )
  }
}
