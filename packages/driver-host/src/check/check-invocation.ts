import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { PouchError } from '@pouch/errors'

/** What `pouch-volume-check` is asked for. */
export type CheckInvocation =
  | {
      readonly kind: 'run'
      readonly socket: string
      readonly options: Readonly<Record<string, string>>
      readonly namePrefix: string | undefined
      readonly timeoutMs: number
      readonly isDurable: boolean
      readonly only: string
      readonly isJson: boolean
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }

/** The text of `--help`. */
export const checkHelp = `Usage: pouch-volume-check --socket FILE [OPTIONS]

Checks a Docker volume plugin, written in any language, over its unix socket. It makes and
removes volumes of its own and leaves others alone. It has to see the directories in which
the plugin mounts: run it on the same host, as a user who may write there.

      --socket FILE         the plugin's socket, such as /run/docker/plugins/NAME.sock
      --option KEY=VALUE    an option of each volume that is made; may be repeated
      --name-prefix TEXT    what the name of each volume begins with (default random)
      --timeout SECONDS     for one call (default 30)
      --volatile            volumes lose their data when nobody has them mounted
      --only TEXT           run only the checks whose titles have this text
      --json                one JSON object a line: each check, and a summary
      --version             print the version
  -h, --help                print this

The exit status is 0 when every check passed, 1 when one failed, and 2 when there was nothing to check.
`

/**
 * Reads a command line.
 *
 * @param args without the interpreter and the script
 * @throws PouchError `invalid-argument` naming the flag
 */
export function parseCheckInvocation(args: readonly string[]): CheckInvocation {
  const values = parsed(args)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const { socket, 'name-prefix': namePrefix, timeout = '30' } = values
  if (socket === undefined || socket === '') throw refused('socket', 'which plugin? Say where its socket is')
  if (namePrefix !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,39}$/.test(namePrefix)) {
    throw refused('name-prefix', 'it has 1 to 40 of [a-zA-Z0-9_.-], the first a letter or a digit')
  }
  if (!/^[1-9]\d{0,3}$/.test(timeout))
    throw refused('timeout', `'${timeout}' is not a number of seconds from 1 to 9999`)
  return {
    kind: 'run',
    socket: resolve(socket),
    options: optionsOf(values.option ?? []),
    namePrefix,
    timeoutMs: Number(timeout) * 1000,
    isDurable: values.volatile !== true,
    only: values.only ?? '',
    isJson: values.json === true,
  }
}

function parsed(args: readonly string[]) {
  try {
    const options = {
      socket: { type: 'string' },
      option: { type: 'string', multiple: true },
      'name-prefix': { type: 'string' },
      timeout: { type: 'string' },
      volatile: { type: 'boolean' },
      only: { type: 'string' },
      json: { type: 'boolean' },
      version: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PouchError('invalid-argument', `${why}; see pouch-volume-check --help`, { op: 'flags', cause: error })
  }
}

function optionsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  const options = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw refused('option', `'${pair}' is not KEY=VALUE`)
    options.set(pair.slice(0, at), pair.slice(at + 1))
  }
  return Object.fromEntries(options)
}

function refused(flag: string, why: string): PouchError {
  const text = `--${flag}: ${why}; see pouch-volume-check --help`
  return new PouchError('invalid-argument', text, { op: 'flags', subject: flag })
}
