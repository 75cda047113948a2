import { posix } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { ImageRunConfig } from './image-config.js'
import { isStringArray } from './json-document.js'

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] }
type Draft = Mutable<ImageRunConfig>

const instructions: Readonly<Record<string, (draft: Draft, rest: string) => void>> = {
  cmd: (draft, rest) => {
    draft.Cmd = commandOf(rest)
  },
  entrypoint: (draft, rest) => {
    draft.Entrypoint = commandOf(rest)
  },
  env: (draft, rest) => {
    for (const [name, value] of pairsOf(rest, 'ENV'))
      draft.Env = [...(draft.Env ?? []).filter((each) => !each.startsWith(`${name}=`)), `${name}=${value}`]
  },
  expose: (draft, rest) => {
    draft.ExposedPorts = {
      ...draft.ExposedPorts,
      ...Object.fromEntries(wordsOf(rest).map((each) => [portOf(each), {}])),
    }
  },
  label: (draft, rest) => {
    draft.Labels = { ...draft.Labels, ...Object.fromEntries(pairsOf(rest, 'LABEL')) }
  },
  stopsignal: (draft, rest) => {
    if (!/^(?:\d{1,2}|[A-Z][A-Z0-9+-]*)$/i.test(rest)) throw refused(`invalid STOPSIGNAL '${rest}'`)
    draft.StopSignal = rest
  },
  user: (draft, rest) => {
    draft.User = rest
  },
  volume: (draft, rest) => {
    const paths = listOf(rest) ?? wordsOf(rest)
    draft.Volumes = { ...draft.Volumes, ...Object.fromEntries(paths.map((each) => [each, {}])) }
  },
  workdir: (draft, rest) => {
    draft.WorkingDir = posix.resolve('/', draft.WorkingDir ?? '/', rest)
  },
}

/**
 * The configuration that lines of a Dockerfile make: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and
 * WORKDIR, in order.
 *
 * @throws PouchError `invalid-argument` for any other line
 */
export function applyChanges(changes: readonly string[]): ImageRunConfig {
  const draft: Draft = {}
  for (const line of changes) {
    const [, name = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(line) ?? []
    const key = name.toLowerCase()
    const apply = Object.hasOwn(instructions, key) ? instructions[key] : undefined
    if (apply === undefined) throw refused(`${key} is not a valid change command`)
    if (rest === '') throw refused(`${name.toUpperCase()} requires at least one argument`)
    apply(draft, rest)
  }
  return draft
}

function commandOf(text: string): readonly string[] {
  return listOf(text) ?? ['/bin/sh', '-c', text]
}

// A line that looks like a JSON list and is none is a shell command, as in a Dockerfile.
function listOf(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isStringArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function portOf(text: string): string {
  const [, first, last, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? []
  const ports = [first, last].filter((each) => each !== undefined).map(Number)
  if (ports.length === 0 || !ports.every((each) => each >= 1 && each <= 65_535))
    throw refused(`invalid containerPort: ${text}`)
  return `${ports.join('-')}/${protocol.toLowerCase()}`
}

function pairsOf(text: string, instruction: string): readonly (readonly [string, string])[] {
  const words = wordsOf(text)
  const [first = ''] = words
  if (!first.includes('=')) {
    const [, name = '', value] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? []
    if (value === undefined) throw refused(`${instruction} must have two arguments`)
    return [[name, value]]
  }
  return words.map((word) => {
    const equals = word.indexOf('=')
    if (equals < 1) throw refused(`Syntax error - can't find = in "${word}". Must be of the form: name=value`)
    return [word.slice(0, equals), word.slice(equals + 1)] as const
  })
}

/** Words as a Dockerfile parts them: by blanks, but for quotes and backslashes. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === '\\' && quote !== "'" && at + 1 < text.length) {
      at += 1
      word = (word ?? '') + (text[at] ?? '')
    } else if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === quote) quote = ''
    else if (quote === '' && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else word = (word ?? '') + character
  }
  if (quote !== '')
    throw refused(`unexpected end of statement while looking for matching ${quote === '"' ? 'double' : 'single'}-quote`)
  return word === undefined ? words : [...words, word]
}

function refused(message: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'image.import', subject: 'changes' })
}
