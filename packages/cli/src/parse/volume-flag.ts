import { resolve } from 'node:path'
import { usageError } from './usage-error.js'

/** What a `-v` asks for: a nameless volume at a path, or a bind string that the daemon reads. */
export type VolumeFlag =
  | { readonly kind: 'anonymous'; readonly target: string }
  | { readonly kind: 'bind'; readonly spec: string }

const flag = '-v'

/**
 * Reads a `-v`: `/target`, `name:/target[:mode]` or `/source:/target[:mode]`. A source that begins with a dot is looked for in
 * `cwd`. Modes are for the daemon to check.
 *
 * @throws PouchError `invalid-argument`
 */
export function parseVolumeFlag(text: string, cwd: string): VolumeFlag {
  const parts = text.split(':')
  const [first = '', second, mode] = parts
  if (second === undefined) {
    requireAbsolute(first, text)
    return { kind: 'anonymous', target: first }
  }
  if (parts.length > 3) throw usageError(flag, text, 'it has more than three parts; write source:target:mode')
  if (first === '')
    throw usageError(flag, text, 'the source is empty; write a volume name or an absolute path before the colon')
  requireAbsolute(second, text)
  const source = first.startsWith('.') ? resolve(cwd, first) : first
  return { kind: 'bind', spec: [source, second, ...(mode === undefined || mode === '' ? [] : [mode])].join(':') }
}

/** Reads a `--tmpfs`: `/target[:options]`. */
export function parseTmpfsFlag(text: string): readonly [target: string, options: string] {
  const colon = text.indexOf(':')
  const target = colon < 0 ? text : text.slice(0, colon)
  if (!target.startsWith('/')) throw usageError('--tmpfs', text, `'${target}' is not an absolute path in the container`)
  return [target, colon < 0 ? '' : text.slice(colon + 1)]
}

function requireAbsolute(target: string, text: string): void {
  if (target.startsWith('/')) return
  throw usageError(
    flag,
    text,
    `'${target}' is not an absolute path in the container; write name:/target or /source:/target`,
  )
}
