import { type ParseArgsConfig, parseArgs } from 'node:util'
import { PouchError } from '@pouch/errors'
import { readConfigFile } from './config-file.js'
import { type SettingSpec, type Settings, settingSpecs } from './settings.js'

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'run'; readonly settings: Settings }
  | StoreTask
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }

/** Something that is done with the store, once. */
export type StoreTask =
  | { readonly kind: 'check' | 'repair'; readonly settings: Settings }
  | { readonly kind: 'backup' | 'restore'; readonly settings: Settings; readonly file: string }

/**
 * Reads a command line. Flags win over the file that `--config-file` names, which wins over the defaults.
 *
 * @param args without the interpreter and the script
 * @throws PouchError `invalid-argument` naming the flag or the key
 */
export function parseInvocation(args: readonly string[]): Invocation {
  const flags = parseFlags(args)
  if (flags.help === true) return { kind: 'help' }
  if (flags.version === true) return { kind: 'version' }
  const file = typeof flags['config-file'] === 'string' ? readConfigFile(flags['config-file']) : undefined
  const settings: Record<string, unknown> = { drivers: file?.drivers ?? [] }
  for (const spec of settingSpecs)
    settings[spec.field] = checked(spec, flags[spec.name] ?? file?.values[spec.name] ?? spec.default)
  return taskOf(flags, settings as unknown as Settings)
}

/** What is to be done instead of running, with the store of the same settings. */
function taskOf(flags: Flags, settings: Settings): Invocation {
  const [task, second] = tasks.filter(({ name }) => flags[name] !== undefined && flags[name] !== false)
  if (second !== undefined) {
    const message = `--${task?.name} and --${second.name} cannot be done at once`
    throw new PouchError('invalid-argument', message, { op: 'daemon.flags', subject: second.name })
  }
  const file = task === undefined ? undefined : flags[task.name]
  if (task?.name === 'backup' || task?.name === 'restore') {
    if (typeof file === 'string' && file !== '') return { kind: task.name, settings, file }
    throw new PouchError('invalid-argument', `--${task.name} is empty`, { op: 'daemon.flags', subject: task.name })
  }
  return task === undefined ? { kind: 'run', settings } : { kind: task.name, settings }
}

/** Flags that are no settings: each does something with the store, and ends. */
const tasks = [
  { name: 'check', form: '--check', help: 'look at the store of a daemon that does not run; change nothing' },
  { name: 'repair', form: '--repair', help: 'save what can be read of a damaged store into a new one; keep it aside' },
  { name: 'backup', form: '--backup FILE', help: 'copy the store, by way of the daemon when one is running' },
  { name: 'restore', form: '--restore FILE', help: 'put a backup in the place of the store; keep that aside' },
] as const

type Flags = Readonly<Record<string, string | string[] | boolean | undefined>>

/** The text of `--help`. */
export function helpText(): string {
  const rows = [
    ...settingSpecs.map((spec) => [flagForm(spec), spec.help + defaultForm(spec)]),
    ['    --config-file FILE', 'read settings from this JSON file: the names of these flags as keys'],
    ...tasks.map(({ form, help }) => [`    ${form}`, help]),
    ['    --version', 'print the version'],
    ['-h, --help', 'print this'],
  ]
  const width = Math.max(...rows.map(([form]) => form?.length ?? 0))
  const lines = rows.map(([form, help]) => `  ${form?.padEnd(width)}  ${help}`)
  return `Usage: pouchd [OPTIONS]\n\nRuns the container engine and serves it to docker and pouch clients.\n\n${lines.join('\n')}\n`
}

function parseFlags(args: readonly string[]): Flags {
  const options: NonNullable<ParseArgsConfig['options']> = {
    'config-file': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
    check: { type: 'boolean' },
    repair: { type: 'boolean' },
    backup: { type: 'string' },
    restore: { type: 'string' },
  }
  for (const { name, short, kind } of settingSpecs) {
    options[name] = {
      type: kind === 'boolean' ? 'boolean' : 'string',
      multiple: kind === 'list',
      ...(short === undefined ? {} : { short }),
    }
  }
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false })
    return values as Flags
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PouchError('invalid-argument', `${why}; see pouchd --help`, { op: 'daemon.flags', cause: error })
  }
}

function checked(spec: SettingSpec, value: unknown): unknown {
  if (spec.values !== undefined && !spec.values.includes(String(value))) {
    throw new PouchError(
      'invalid-argument',
      `--${spec.name} is '${String(value)}': it can be ${spec.values.join(', ')}`,
      {
        op: 'daemon.flags',
        subject: spec.name,
      },
    )
  }
  if (value === '') {
    throw new PouchError('invalid-argument', `--${spec.name} is empty`, { op: 'daemon.flags', subject: spec.name })
  }
  return value
}

function flagForm({ short, name, placeholder }: SettingSpec): string {
  return `${short === undefined ? '   ' : `-${short},`} --${name}${placeholder === undefined ? '' : ` ${placeholder}`}`
}

function defaultForm(spec: SettingSpec): string {
  const value = typeof spec.default === 'object' ? spec.default.join(', ') : spec.default
  return value === undefined || value === '' || value === false ? '' : ` (default ${String(value)})`
}
