import { isEmpty, printValue, templateFunctions } from './template-functions.js'
import { templateError } from './template-lexer.js'
import { type Command, type Node, type Pipe, parseTemplate, type Term } from './template-parser.js'

/** A template that was read and can be run on any number of values. */
export interface Template {
  /** @throws PouchError `invalid-argument` when it asks for a field that the value does not have */
  render(value: unknown): string
}

type Scope = ReadonlyMap<string, unknown>

/**
 * Reads a template of the kind that Docker's CLI takes: a subset of Go's, with fields, pipes, functions, `if`, `with`, `range` and
 * variables. `\t` and `\n` in its text stand for a tab and a line end.
 *
 * @throws PouchError `invalid-argument` saying what is wrong with it
 */
export function compileTemplate(text: string): Template {
  const template = text.replaceAll('\\t', '\t').replaceAll('\\n', '\n')
  const nodes = parseTemplate(template)
  return { render: (value) => new Renderer(template, value).render(nodes) }
}

class Renderer {
  readonly #template: string
  readonly #root: unknown
  /** Set while a condition is worked out: what is not there counts as false then. */
  #isAsking = false

  constructor(template: string, root: unknown) {
    this.#template = template
    this.#root = root
  }

  render(nodes: readonly Node[]): string {
    return this.#block(nodes, this.#root, new Map([['', this.#root]]))
  }

  #block(nodes: readonly Node[], dot: unknown, scope: Scope): string {
    let inner = scope
    let out = ''
    for (const node of nodes) {
      if (node.kind === 'assign') inner = new Map(inner).set(node.name, this.#pipe(node.pipe, dot, inner))
      else out += this.#node(node, dot, inner)
    }
    return out
  }

  #node(node: Exclude<Node, { kind: 'assign' }>, dot: unknown, scope: Scope): string {
    if (node.kind === 'text') return node.text
    this.#isAsking = node.kind === 'if' || node.kind === 'with'
    const value = this.#pipe(node.pipe, dot, scope)
    this.#isAsking = false
    if (node.kind === 'print') return printValue(value)
    if (node.kind === 'range') return this.#range(node, value, dot, scope)
    if (isEmpty(value)) return this.#block(node.otherwise, dot, scope)
    return this.#block(node.then, node.kind === 'with' ? value : dot, scope)
  }

  #range(node: Extract<Node, { kind: 'range' }>, value: unknown, dot: unknown, scope: Scope): string {
    const entries = entriesOf(value)
    if (entries === undefined) throw templateError(this.#template, 'range needs a list or a map')
    if (entries.length === 0) return this.#block(node.otherwise, dot, scope)
    const [first, second] = node.variables
    return entries
      .map(([key, item]) => {
        const inner = new Map(scope)
        if (first !== undefined) inner.set(first, second === undefined ? item : key)
        if (second !== undefined) inner.set(second, item)
        return this.#block(node.then, item, inner)
      })
      .join('')
  }

  #pipe(pipe: Pipe, dot: unknown, scope: Scope): unknown {
    let piped: readonly unknown[] = []
    for (const command of pipe) piped = [this.#command(command, piped, dot, scope)]
    return piped[0]
  }

  #command([first, ...rest]: Command, piped: readonly unknown[], dot: unknown, scope: Scope): unknown {
    if (first === undefined) return undefined
    const values = [...rest.map((term) => this.#term(term, dot, scope)), ...piped]
    if (first.kind === 'name') {
      const call = templateFunctions.get(first.name)
      if (call !== undefined) return call(...values)
      const known = [...templateFunctions.keys()].join(', ')
      throw templateError(
        this.#template,
        `there is no function '${first.name}'; a field begins with a dot, and the functions are ${known}`,
      )
    }
    const value = this.#term(first, dot, scope)
    if (typeof value === 'function') return (value as (...args: readonly unknown[]) => unknown)(...values)
    if (values.length > 0) throw templateError(this.#template, 'a value that is no function has arguments')
    return value
  }

  #term(term: Term, dot: unknown, scope: Scope): unknown {
    if (term.kind === 'literal') return term.value
    if (term.kind === 'pipe') return this.#fields(this.#pipe(term.pipe, dot, scope), term.names)
    if (term.kind === 'path') return this.#fields(dot, term.names)
    if (term.kind === 'name') return this.#command([term], [], dot, scope)
    if (!scope.has(term.name)) throw templateError(this.#template, `there is no variable $${term.name}`)
    return this.#fields(scope.get(term.name), term.names)
  }

  #fields(from: unknown, names: readonly string[]): unknown {
    let value = from
    for (const [index, name] of names.entries()) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
        if (this.#isAsking) return undefined
        throw templateError(this.#template, missing(value, names.slice(0, index + 1), name))
      }
      value = (value as Record<string, unknown>)[name]
    }
    return value
  }
}

function missing(value: unknown, path: readonly string[], name: string): string {
  if (typeof value !== 'object' || value === null) return `.${path.join('.')} is asked of something that has no fields`
  const known = Object.keys(value)
  return `there is no '${name}' in .${path.slice(0, -1).join('.')}; there are ${known.length === 0 ? 'no fields' : known.join(', ')}`
}

function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] | undefined {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return [...value.entries()]
  return typeof value === 'object' ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : undefined
}
