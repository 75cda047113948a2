import { isPouchError } from '@pouch/errors'
import type { Command, Option } from 'commander'
import { write } from '../io.js'
import type { Session } from '../session.js'

const containerCommands: readonly string[] = [
  'start',
  'stop',
  'restart',
  'kill',
  'rm',
  'pause',
  'unpause',
  'wait',
  'logs',
  'attach',
  'exec',
  'rename',
  'inspect',
]
const imageCommands: readonly string[] = ['run', 'create', 'rmi', 'tag', 'images', 'inspect']
const volumeCommands: readonly string[] = ['inspect', 'remove']

/**
 * `pouch __complete`: prints what the last of the words may become, one on a line. Names are asked of the daemon; when it
 * does not answer there are none.
 */
export async function complete(session: Session, program: Command, words: readonly string[]): Promise<undefined> {
  const typed = words.at(-1) ?? ''
  const { command, previous } = walk(program, words.slice(0, -1))
  const candidates = await candidatesOf(session, command, previous, typed)
  const matching = candidates.filter((word) => word.startsWith(typed)).sort()
  await write(session.io.stdout, matching.map((word) => `${word}\n`).join(''))
}

/** The command that the words lead to, and the option that still wants its value. */
function walk(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly previous: Option | undefined } {
  let command = program
  let previous: Option | undefined
  for (const word of words) {
    if (previous !== undefined) {
      previous = undefined
      continue
    }
    const option = command.options.find(({ long, short }) => word === long || word === short)
    previous = option?.required === true ? option : undefined
    command = command.commands.find((sub) => sub.name() === word || sub.aliases().includes(word)) ?? command
  }
  return { command, previous }
}

async function candidatesOf(
  { client }: Session,
  command: Command,
  previous: Option | undefined,
  typed: string,
): Promise<readonly string[]> {
  const isVolume = command.parent?.name() === 'volume'
  const name = command.name()
  if (previous !== undefined) {
    if (!isVolume || name !== 'create') return []
    if (previous.long === '--driver')
      return orNone(async () => (await client.pouch.drivers()).map((driver) => driver.name))
    if (previous.long === '--opt' || previous.long === '--option') return orNone(() => driverOptions(client))
    return []
  }
  if (typed.startsWith('-')) return command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => long ?? [])
  const subcommands = command.commands.map((sub) => sub.name()).filter((sub) => !sub.startsWith('__'))
  if (subcommands.length > 0) return subcommands
  return [
    ...(!isVolume && containerCommands.includes(name) ? await orNone(() => containerNames(client)) : []),
    ...(!isVolume && imageCommands.includes(name)
      ? await orNone(async () => (await client.images.list()).flatMap(({ RepoTags: tags }) => tags))
      : []),
    ...(isVolume && volumeCommands.includes(name)
      ? await orNone(async () => (await client.volumes.list()).volumes.map((volume) => volume.Name))
      : []),
  ]
}

type Client = Session['client']

async function driverOptions(client: Client): Promise<readonly string[]> {
  const drivers = await client.pouch.drivers()
  return [...new Set(drivers.flatMap(({ options = [] }) => options.map((option) => `${option.name}=`)))]
}

async function containerNames(client: Client): Promise<readonly string[]> {
  const containers = await client.containers.list({ all: true })
  return containers.flatMap(({ Names: names }) => names.map((name) => name.replace(/^\//, '')))
}

/** Whoever presses tab wants no error text among the words. */
async function orNone(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await list()
  } catch (error) {
    if (isPouchError(error)) return []
    throw error
  }
}
