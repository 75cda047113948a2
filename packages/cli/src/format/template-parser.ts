import { lexTemplate, type Piece, templateError, type Word } from './template-lexer.js'

/** A part of a template that can be run. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with'
      readonly pipe: Pipe
      readonly then: readonly Node[]
      readonly otherwise: readonly Node[]
    }
  | {
      readonly kind: 'range'
      readonly variables: readonly string[]
      readonly pipe: Pipe
      readonly then: readonly Node[]
      readonly otherwise: readonly Node[]
    }
  | { readonly kind: 'assign'; readonly name: string; readonly pipe: Pipe }

/** Commands, each of which gets the value of the one before as its last argument. */
export type Pipe = readonly Command[]

/** A function or a value, with arguments. */
export type Command = readonly Term[]

/** An argument. */
export type Term =
  | Exclude<Word, { kind: 'mark' }>
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly names: readonly string[] }

/** Reads a template. @throws PouchError `invalid-argument` saying what is wrong with it */
export function parseTemplate(template: string): readonly Node[] {
  const parser = new Parser(template, lexTemplate(template))
  const nodes = parser.block()
  if (parser.ended !== undefined) throw templateError(template, `{{${parser.ended}}} closes nothing`)
  return nodes
}

const endings: readonly string[] = ['end', 'else']
const blocks: readonly string[] = ['if', 'with', 'range']

class Parser {
  /** The word that ended the last block. */
  ended: string | undefined
  /** What stood behind an `else`. */
  #elseWords: readonly Word[] = []
  readonly #template: string
  readonly #pieces: readonly Piece[]
  #at = 0

  constructor(template: string, pieces: readonly Piece[]) {
    this.#template = template
    this.#pieces = pieces
  }

  block(): Node[] {
    const nodes: Node[] = []
    this.ended = undefined
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if (piece.kind === 'text') {
        nodes.push(piece)
        continue
      }
      const [first, ...rest] = piece.words
      if (first?.kind === 'name' && endings.includes(first.name)) {
        this.ended = first.name
        this.#elseWords = rest
        return nodes
      }
      nodes.push(this.#action(piece.words))
    }
    return nodes
  }

  #next(): Piece | undefined {
    const piece = this.#pieces[this.#at]
    this.#at += 1
    return piece
  }

  #action(words: readonly Word[]): Node {
    const [first, second, ...rest] = words
    if (first === undefined) throw templateError(this.#template, '{{}} is empty')
    if (first.kind === 'name' && blocks.includes(first.name)) return this.#opened(first.name, words.slice(1))
    if (first.kind === 'variable' && second?.kind === 'mark' && second.mark === ':=') {
      return { kind: 'assign', name: first.name, pipe: this.#pipe(rest) }
    }
    return { kind: 'print', pipe: this.#pipe(words) }
  }

  #opened(word: string, words: readonly Word[]): Node {
    const { variables, rest } = word === 'range' ? rangeVariables(words) : { variables: [], rest: words }
    const pipe = this.#pipe(rest)
    const then = this.block()
    const otherwise = this.ended === 'else' ? this.#otherwise(word) : []
    if (this.ended !== 'end') throw templateError(this.#template, `{{${word}}} has no {{end}}`)
    this.ended = undefined
    if (word === 'range') return { kind: 'range', variables, pipe, then, otherwise }
    return { kind: word === 'if' ? 'if' : 'with', pipe, then, otherwise }
  }

  #otherwise(word: string): readonly Node[] {
    const [first, ...rest] = this.#elseWords
    if (first === undefined) return this.block()
    if (first.kind !== 'name' || first.name !== 'if')
      throw templateError(this.#template, `{{else}} of {{${word}}} has more than 'if' behind it`)
    const node = this.#opened('if', rest)
    this.ended = 'end'
    return [node]
  }

  #pipe(words: readonly Word[]): Pipe {
    const { pipe, rest } = readPipe(words, this.#template)
    if (rest.length > 0) throw templateError(this.#template, 'a ) closes nothing')
    return pipe
  }
}

function rangeVariables(words: readonly Word[]): {
  readonly variables: readonly string[]
  readonly rest: readonly Word[]
} {
  const at = words.findIndex((word) => word.kind === 'mark' && word.mark === ':=')
  if (at < 0) return { variables: [], rest: words }
  const variables = words.slice(0, at).flatMap((word) => (word.kind === 'variable' ? [word.name] : []))
  return { variables, rest: words.slice(at + 1) }
}

function readPipe(words: readonly Word[], template: string): { readonly pipe: Pipe; readonly rest: readonly Word[] } {
  const pipe: Term[][] = [[]]
  let rest = words
  while (rest.length > 0) {
    const [word, ...after] = rest
    rest = after
    if (word === undefined) break
    if (word.kind !== 'mark') pipe.at(-1)?.push(word)
    else if (word.mark === '|') pipe.push([])
    else if (word.mark === '(') {
      const inner = readPipe(after, template)
      const [close, ...behind] = inner.rest
      if (close === undefined) throw templateError(template, 'a ( has no )')
      const [field] = behind
      const names = field?.kind === 'path' && field.joined ? field.names : []
      pipe.at(-1)?.push({ kind: 'pipe', pipe: inner.pipe, names })
      rest = names.length > 0 ? behind.slice(1) : behind
    } else if (word.mark === ')') {
      rest = [word, ...after]
      break
    } else throw templateError(template, `'${word.mark}' has no place there`)
  }
  if (pipe.some((command) => command.length === 0))
    throw templateError(template, 'something is missing beside a | or between { and }')
  return { pipe, rest }
}
