import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import type { PluginAddress } from './plugin-address.js'
import { readPluginFile } from './plugin-file.js'

/** Where plugins are looked for: Pouch's directories before Docker's, those of sockets before those of files. */
export const pluginDirectories: readonly string[] = Object.freeze([
  '/run/pouch/plugins',
  '/run/docker/plugins',
  '/etc/pouch/plugins',
  '/etc/docker/plugins',
  '/usr/lib/docker/plugins',
])

/** Options of {@link discoverPlugins}. */
export interface DiscoveryOptions {
  /** Absolute; {@link pluginDirectories} unless given. One that is not there is passed over. */
  readonly directories?: readonly string[] | undefined
}

/** A plugin's file. Whether somebody answers there is not known. */
export interface DiscoveredPlugin {
  /** The file's name without its ending: the name of the driver. */
  readonly name: string
  /** The `.sock`, `.spec` or `.json` file. */
  readonly file: string
  /** Where the plugin is, when the file tells. */
  readonly address: PluginAddress | undefined
  /** Why it cannot be used. */
  readonly error: PouchError | undefined
}

/** In the order in which they count, as dockerd has it. */
const endings = ['.sock', '.spec', '.json'] as const
/** What the engine takes for the name of a driver. It has no separators, so no path made of it leaves its directory. */
const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/**
 * All plugins, by name: sockets `N.sock` and `N/N.sock`, then `N.spec`, `N/N.spec`, `N.json` and `N/N.json`, in each directory. Of several with one
 * name the first counts. Hidden files are passed over.
 *
 * @throws PouchError when a directory that is there cannot be read
 */
export async function discoverPlugins(options: DiscoveryOptions = {}): Promise<DiscoveredPlugin[]> {
  const names = new Set<string>()
  for (const directory of checkedDirectories(options.directories)) {
    for (const entry of await entriesOf(directory)) {
      const name = nameOf(entry)
      if (name !== undefined) names.add(name)
    }
  }
  const found = await Promise.all([...names].map((name) => describe(name, options)))
  return found.filter((plugin) => plugin !== undefined).sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** The file of a plugin; `undefined`, after a few looks at the directories, when there is none. */
export async function findPluginFile(name: string, options: DiscoveryOptions = {}): Promise<string | undefined> {
  const directories = checkedDirectories(options.directories)
  if (name === '' || name.startsWith('.') || name.includes('/') || name.includes('\0')) return undefined
  for (const ending of endings) {
    for (const directory of directories) {
      for (const path of [join(directory, `${name}${ending}`), join(directory, name, `${name}${ending}`)]) {
        if (await isPluginFile(path, ending)) return path
      }
    }
  }
  return undefined
}

async function describe(name: string, options: DiscoveryOptions): Promise<DiscoveredPlugin | undefined> {
  const file = await findPluginFile(name, options)
  if (file === undefined) return undefined
  try {
    if (!namePattern.test(name)) throw badName(file)
    return Object.freeze({ name, file, address: await readPluginFile(file), error: undefined })
  } catch (error) {
    return Object.freeze({ name, file, address: undefined, error: PouchError.from(error) })
  }
}

function nameOf(entry: Dirent): string | undefined {
  if (entry.name.startsWith('.')) return undefined
  const ending = endings.find((each) => entry.name.endsWith(each))
  return ending === undefined ? entry.name : entry.name.slice(0, -ending.length)
}

async function isPluginFile(path: string, ending: (typeof endings)[number]): Promise<boolean> {
  try {
    const found = await stat(path)
    return ending === '.sock' ? found.isSocket() : found.isFile()
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return false
    throw PouchError.from(error, {
      message: `the plugin file ${path} cannot be looked at`,
      op: 'plugin.find',
      subject: path,
    })
  }
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return []
    const message = `the plugin directory ${directory} cannot be read`
    throw PouchError.from(error, { message, op: 'plugin.find', subject: directory })
  }
}

function checkedDirectories(directories: readonly string[] = pluginDirectories): readonly string[] {
  const odd = directories.find((directory) => !isAbsolute(directory) || directory.includes('\0'))
  if (odd === undefined) return directories
  throw new PouchError('invalid-argument', `the directories of plugins are absolute paths, and '${odd}' is none`, {
    op: 'plugin.find',
    subject: odd,
  })
}

function badName(file: string): PouchError {
  const text = `${file} cannot be used: the name of a volume driver has lower-case letters, digits and hyphens; rename the file`
  return new PouchError('invalid-argument', text, { op: 'plugin.find', subject: file })
}
