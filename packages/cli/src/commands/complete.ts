import { isPouchError } from '@pouch/errors'
import type { Command, Option } from 'commander'
import { write } from '../io.js'
import type { Session } from '../session.js'
import { argumentCandidates, optionCandidates } from './candidates.js'

/** Where the words of an unfinished command line lead. */
export interface Place {
  /** `volume snapshot remove`. */
  readonly path: string
  readonly command: Command
  /** The option that still wants its value. */
  readonly previous: Option | undefined
  /** The values that options were given before, by their long names. */
  readonly given: ReadonlyMap<string, string>
  /** What was given before, other than options. */
  readonly operands: readonly string[]
}

/**
 * `pouch __complete`: prints what the last of the words may become, one on a line. Names are asked of the daemon; when it
 * does not answer there are none.
 */
export async function complete(session: Session, program: Command, words: readonly string[]): Promise<undefined> {
  const typed = words.at(-1) ?? ''
  const place = walk(program, words.slice(0, -1))
  const candidates = (await joinedCandidates(session, place, typed)) ?? (await candidatesOf(session, place, typed))
  const matching = [...new Set(candidates)].filter((word) => word.startsWith(typed)).sort()
  await write(session.io.stdout, matching.map((word) => `${word}\n`).join(''))
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program
  let previous: Option | undefined
  const path: string[] = []
  const operands: string[] = []
  const given = new Map<string, string>()
  for (const word of words) {
    if (previous !== undefined) {
      if (previous.long !== undefined) given.set(previous.long, word)
      previous = undefined
      continue
    }
    const option = command.options.find(({ long, short }) => word === long || word === short)
    const joined = /^(--[^=]+)=(.*)$/.exec(word)
    if (joined !== null) given.set(joined[1] ?? '', joined[2] ?? '')
    previous = option?.required === true ? option : undefined
    const next = command.commands.find((sub) => sub.name() === word || sub.aliases().includes(word))
    if (next !== undefined) path.push(next.name())
    else if (!word.startsWith('-')) operands.push(word)
    command = next ?? command
  }
  return { path: path.join(' '), command, previous, given, operands }
}

/** Of `--option=value`; `undefined` where it is something else. */
async function joinedCandidates(session: Session, place: Place, typed: string): Promise<readonly string[] | undefined> {
  const at = typed.indexOf('=')
  const option = place.command.options.find(({ long }) => long === typed.slice(0, Math.max(at, 0)))
  if (place.previous !== undefined || option?.required !== true) return undefined
  const values = await orNone(() => optionCandidates(session, place, option, typed.slice(at + 1)))
  return values.map((value) => `${option.long}=${value}`)
}

async function candidatesOf(session: Session, place: Place, typed: string): Promise<readonly string[]> {
  const { command, previous } = place
  if (previous !== undefined) return orNone(() => optionCandidates(session, place, previous, typed))
  if (typed.startsWith('-')) return command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => long ?? [])
  const subcommands = command.commands.map((sub) => sub.name()).filter((sub) => !sub.startsWith('__'))
  return subcommands.length > 0 ? subcommands : orNone(() => argumentCandidates(session, place))
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
