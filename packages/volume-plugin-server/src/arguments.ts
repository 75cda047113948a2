import { PouchError } from '@pouch/errors'

/** What a request may carry. Each method takes what it needs. */
export class Arguments {
  readonly #method: string
  readonly #values: Readonly<Record<string, unknown>>

  private constructor(method: string, values: Readonly<Record<string, unknown>>) {
    this.#method = method
    this.#values = values
  }

  /**
   * Reads the body of a request. An empty one has no arguments: Activate comes so.
   *
   * @throws PouchError `invalid-argument` when it is not a JSON object
   */
  static parse(method: string, body: string): Arguments {
    if (body.trim() === '') return new Arguments(method, {})
    let value: unknown
    try {
      value = JSON.parse(body)
    } catch (cause) {
      throw refused(method, `the body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
    }
    if (value === null) return new Arguments(method, {})
    if (typeof value !== 'object' || Array.isArray(value)) throw refused(method, 'the body is not a JSON object')
    return new Arguments(method, value as Readonly<Record<string, unknown>>)
  }

  /** The volume's name. The engine checks what it may be. */
  get name(): string {
    const name = this.#text('Name')
    if (name === undefined || name === '') throw refused(this.#method, 'Name is missing: it is the name of the volume')
    return name
  }

  /** Who mounts; empty when the client does not tell, as old ones do. */
  get id(): string {
    return this.#text('ID') ?? ''
  }

  /** The driver's options: `null` and nothing are none. */
  get options(): Readonly<Record<string, string>> {
    const options = this.#own('Opts') ?? {}
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw refused(this.#method, 'Opts is not a map of strings')
    }
    for (const [key, value] of Object.entries(options)) {
      if (typeof value !== 'string') throw refused(this.#method, `the option ${JSON.stringify(key)} is not a string`)
    }
    return options as Readonly<Record<string, string>>
  }

  /** Whom a request is about, for a log. Options stay out of it: one may be a password. */
  get shown(): Readonly<Record<string, unknown>> {
    return { volume: this.#own('Name'), mount: this.#own('ID') }
  }

  #text(field: string): string | undefined {
    const value = this.#own(field) ?? undefined
    if (value === undefined || typeof value === 'string') return value
    throw refused(this.#method, `${field} is not a string`)
  }

  #own(field: string): unknown {
    return Object.hasOwn(this.#values, field) ? this.#values[field] : undefined
  }
}

function refused(method: string, why: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', `${method}: ${why}`, { op: 'plugin.request', subject: method, cause })
}
