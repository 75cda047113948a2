import { usageError } from './usage-error.js'

/** The variables of the shell that the command was called from. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a `-e`: `A=v` sets, `A=` sets to nothing, `A` passes on the caller's value, or, when the caller has none, takes the
 * image's away.
 */
export function parseEnvFlag(text: string, env: Environment): string {
  const at = text.indexOf('=')
  if (text === '' || at === 0) throw usageError('-e', text, 'the name is missing; write NAME=value')
  if (at > 0) return text
  const value = env[text]
  return value === undefined ? text : `${text}=${value}`
}

/**
 * Reads the text of an `--env-file`: a variable on a line, `#` begins a comment line, `A` alone passes on the caller's value
 * when there is one. Quotes are part of the value.
 */
export function parseEnvFile(text: string, file: string, env: Environment): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((raw, index) => parseEnvLine(raw.replace(/\r$/, '').trimStart(), `${file}:${index + 1}`, env))
}

function parseEnvLine(line: string, where: string, env: Environment): string[] {
  if (line === '' || line.startsWith('#')) return []
  const at = line.indexOf('=')
  const name = at < 0 ? line.trimEnd() : line.slice(0, at)
  if (name === '' || /\s/.test(name)) throw usageError(`line ${where}`, line, 'a name has no spaces; write NAME=value')
  if (at >= 0) return [line]
  const value = env[name]
  return value === undefined ? [] : [`${name}=${value}`]
}
