import { PouchError } from '@pouch/errors'

/** A piece of a template: text that is printed as it is, or the words between `{{` and `}}`. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly words: readonly Word[] }

/** A word of an action. */
export type Word =
  | {
      readonly kind: 'path'
      readonly names: readonly string[] /** Right behind what is before it. */
      readonly joined: boolean
    }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'mark'; readonly mark: '|' | '(' | ')' | ':=' | ',' }

const wordGrammar =
  /\s*(?:(?<path>\.(?:[\w-]+(?:\.[\w-]+)*)?)|\$(?<variable>\w*)(?<after>(?:\.[\w-]+)*)|(?<text>"(?:[^"\\]|\\.)*")|`(?<raw>[^`]*)`|(?<number>-?\d+(?:\.\d+)?)|(?<mark>\||\(|\)|:=|,)|(?<name>[A-Za-z]\w*))/y

/** The error of a template that cannot be read or used. */
export function templateError(template: string, why: string): PouchError {
  return new PouchError('invalid-argument', `invalid --format '${template}': ${why}`, {
    op: 'cli.format',
    subject: template,
  })
}

/** Takes a template apart. `{{-` and `-}}` eat the white space beside them. */
export function lexTemplate(template: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let trimsNext = false
  while (at < template.length) {
    const open = template.indexOf('{{', at)
    const text = template.slice(at, open < 0 ? undefined : open)
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(template.slice(open))
    const shown = trimText(text, trimsNext, trimsBefore)
    if (shown !== '') pieces.push({ kind: 'text', text: shown })
    if (open < 0) break
    const close = findClose(template, open + 2)
    trimsNext = /\s-$/.test(template.slice(open + 2, close))
    const inside = template.slice(open + (trimsBefore ? 3 : 2), trimsNext ? close - 1 : close)
    if (!/^\s*\/\*/.test(inside)) pieces.push({ kind: 'action', words: lexWords(inside, template) })
    at = close + 2
  }
  return pieces
}

function trimText(text: string, start: boolean, end: boolean): string {
  const left = start ? text.trimStart() : text
  return end ? left.trimEnd() : left
}

function findClose(template: string, from: number): number {
  const match = /^(?:"(?:[^"\\]|\\.)*"|`[^`]*`|(?!\}\})[^"`])*\}\}/.exec(template.slice(from))
  if (match === null) throw templateError(template, '{{ has no }}')
  return from + match[0].length - 2
}

function lexWords(inside: string, template: string): Word[] {
  const words: Word[] = []
  let at = 0
  const text = inside.trimEnd()
  while (at < text.length) {
    wordGrammar.lastIndex = at
    const match = wordGrammar.exec(text)
    if (match === null) throw templateError(template, `'${text.slice(at).trim()}' cannot be read`)
    words.push(wordOf(match.groups ?? {}, at > 0 && text[at] === '.', template))
    at = wordGrammar.lastIndex
  }
  return words
}

function wordOf(groups: Record<string, string | undefined>, joined: boolean, template: string): Word {
  const { path, variable, after = '', text, raw, number, mark, name } = groups
  if (path !== undefined) return { kind: 'path', names: namesOf(path), joined }
  if (variable !== undefined) return { kind: 'variable', name: variable, names: namesOf(after) }
  if (text !== undefined) return { kind: 'literal', value: unquote(text, template) }
  if (raw !== undefined) return { kind: 'literal', value: raw }
  if (number !== undefined) return { kind: 'literal', value: Number(number) }
  if (mark !== undefined) return { kind: 'mark', mark: mark as '|' }
  if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' }
  if (name === 'nil') return { kind: 'literal', value: null }
  return { kind: 'name', name: name ?? '' }
}

const namesOf = (path: string): string[] => path.split('.').filter((part) => part !== '')

function unquote(text: string, template: string): string {
  try {
    return JSON.parse(text) as string
  } catch {
    // Where in the JSON it breaks says less than the text itself.
    throw templateError(template, `${text} is not a string`)
  }
}
