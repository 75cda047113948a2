import { join, resolve } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { PouchError } from '@pouch/errors'

/** What `pouch-volume-plugin` can be told. */
export interface PluginSettings {
  readonly driver: string
  /** What the driver's factory is given. */
  readonly driverOptions: Readonly<Record<string, string>>
  /** The file that names the driver's package; without one the driver is one of our own. */
  readonly configFile: string | undefined
  /** What Docker calls the plugin. */
  readonly name: string
  /** Where volumes and metadata are kept. */
  readonly homeDir: string
  readonly socket: string
  readonly store: StoreKind
  /** The directory in which Docker is to find where the socket is; without one Docker finds the socket itself. */
  readonly specDir: string | undefined
  readonly forgetMounts: boolean
  readonly logLevel: LogLevel
}

/** Where metadata is kept: `memory` forgets every volume when the program ends. */
export type StoreKind = 'sqlite' | 'memory'

/** pino's levels. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'run'; readonly settings: PluginSettings }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }

interface Flag {
  readonly name: string
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  readonly placeholder?: string
  readonly help: string
}

const flags: readonly Flag[] = [
  {
    name: 'driver',
    type: 'string',
    placeholder: 'NAME',
    help: 'the volume driver: local, tmpfs, or that of a package',
  },
  {
    name: 'driver-option',
    type: 'string',
    multiple: true,
    placeholder: 'KEY=VALUE',
    help: 'what the driver is set up with, such as root=DIR; may be repeated',
  },
  {
    name: 'config-file',
    type: 'string',
    placeholder: 'FILE',
    help: "the JSON file that names the driver's package and its options, as pouchd's does",
  },
  { name: 'name', type: 'string', placeholder: 'NAME', help: 'what docker calls it (default pouch-DRIVER)' },
  {
    name: 'home',
    type: 'string',
    placeholder: 'DIR',
    help: 'where volumes and metadata are kept (default /var/lib/pouch-volume-plugin/NAME)',
  },
  {
    name: 'socket',
    type: 'string',
    placeholder: 'FILE',
    help: 'where to listen (default /run/docker/plugins/NAME.sock)',
  },
  {
    name: 'store',
    type: 'string',
    placeholder: 'KIND',
    help: 'where metadata is kept: sqlite (default), or memory, which forgets everything at the end',
  },
  { name: 'spec', type: 'boolean', help: 'while it runs, tell docker where the socket is by a file NAME.spec' },
  { name: 'spec-dir', type: 'string', placeholder: 'DIR', help: 'where that file is (default /etc/docker/plugins)' },
  {
    name: 'forget-mounts',
    type: 'boolean',
    help: 'give up every mount that clients have: for after a crash of theirs, when no container uses a volume',
  },
  { name: 'log-level', type: 'string', placeholder: 'LEVEL', help: 'debug, info (default), warn or error' },
  { name: 'version', type: 'boolean', help: 'print the version' },
  { name: 'help', type: 'boolean', short: 'h', help: 'print this' },
]

/**
 * Reads a command line.
 *
 * @param args without the interpreter and the script
 * @throws PouchError `invalid-argument` naming the flag
 */
export function parseInvocation(args: readonly string[]): Invocation {
  const values = parseFlags(args)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const text = (flag: string) => textOf(values, flag)
  const driver = text('driver')
  if (driver === undefined) throw refused('driver', 'which driver is to be served? Say --driver local, or tmpfs')
  const name = checkedName(text('name') ?? `pouch-${driver}`)
  const driverOptions = driverOptionsOf(values['driver-option'])
  const configFile = text('config-file')
  if (configFile !== undefined && Object.keys(driverOptions).length > 0) {
    throw refused('driver-option', `the options of a package's driver are in the file ${configFile}`)
  }
  const specDir = values.spec === true ? (text('spec-dir') ?? '/etc/docker/plugins') : undefined
  if (specDir === undefined && values['spec-dir'] !== undefined) throw refused('spec-dir', 'it goes with --spec')
  const settings: PluginSettings = {
    driver,
    driverOptions,
    configFile: configFile === undefined ? undefined : resolve(configFile),
    name,
    homeDir: resolve(text('home') ?? join('/var/lib/pouch-volume-plugin', name)),
    socket: resolve(text('socket') ?? join('/run/docker/plugins', `${name}.sock`)),
    store: oneOf('store', text('store') ?? 'sqlite', ['sqlite', 'memory'] as const),
    specDir: specDir === undefined ? undefined : resolve(specDir),
    forgetMounts: values['forget-mounts'] === true,
    logLevel: oneOf('log-level', text('log-level') ?? 'info', ['debug', 'info', 'warn', 'error'] as const),
  }
  return { kind: 'run', settings: Object.freeze(settings) }
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = flags.map(({ name, short, placeholder, help }): [string, string] => {
    const form = `${short === undefined ? '   ' : `-${short},`} --${name}`
    return [placeholder === undefined ? form : `${form} ${placeholder}`, help]
  })
  const width = Math.max(...rows.map(([form]) => form.length))
  const lines = rows.map(([form, help]) => `  ${form.padEnd(width)}  ${help}`)
  return `Usage: pouch-volume-plugin --driver NAME [OPTIONS]\n\nServes a volume driver of Pouch to dockerd and podman.\n\n${lines.join('\n')}\n`
}

type FlagValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

function parseFlags(args: readonly string[]): FlagValues {
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const { name, type, short, multiple = false } of flags) {
    options[name] = { type, multiple, ...(short === undefined ? {} : { short }) }
  }
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PouchError('invalid-argument', `${why}; see pouch-volume-plugin --help`, { op: 'flags', cause: error })
  }
}

function textOf(values: FlagValues, flag: string): string | undefined {
  const value = values[flag]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '') return value
  throw refused(flag, 'it is empty')
}

function driverOptionsOf(given: FlagValues[string]): Readonly<Record<string, string>> {
  const options = new Map<string, string>()
  for (const pair of Array.isArray(given) ? given : []) {
    const text = String(pair)
    const at = text.indexOf('=')
    if (at < 1) throw refused('driver-option', `'${text}' is not KEY=VALUE`)
    const key = text.slice(0, at)
    if (options.has(key)) throw refused('driver-option', `${key} is given twice`)
    options.set(key, text.slice(at + 1))
  }
  return Object.freeze(Object.fromEntries(options))
}

// It becomes a file's name, and what people type after `docker volume create -d`.
function checkedName(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(name)) {
    throw refused(
      'name',
      `'${name}' cannot be a plugin's name: it has 1 to 63 of [a-zA-Z0-9_.-], the first a letter or a digit`,
    )
  }
  if (name === 'local') throw refused('name', "Docker has a driver 'local' of its own: choose another name")
  return name
}

function oneOf<T extends string>(flag: string, value: string, values: readonly T[]): T {
  const found = values.find((each) => each === value)
  if (found !== undefined) return found
  throw refused(flag, `'${value}' is none of ${values.join(', ')}`)
}

function refused(flag: string, why: string): PouchError {
  return new PouchError('invalid-argument', `--${flag}: ${why}; see pouch-volume-plugin --help`, {
    op: 'flags',
    subject: flag,
  })
}
