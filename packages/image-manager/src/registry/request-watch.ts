import { abortError, PouchError } from '@pouch/errors'

const certificateFaults = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Ends a request when its caller does not want it any more, or when the other side is silent for too long. */
export class RequestWatch {
  readonly #url: URL
  readonly #caller: AbortSignal | undefined
  readonly #silenceMs: number
  readonly #controller = new AbortController()
  readonly #onAbort = () => this.#controller.abort()
  #timer: NodeJS.Timeout | undefined
  #wasSilent = false

  constructor(url: URL, caller: AbortSignal | undefined, silenceMs: number) {
    this.#url = url
    this.#caller = caller
    this.#silenceMs = silenceMs
    if (caller?.aborted === true) this.#controller.abort()
    caller?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on the other side is waited for. */
  start(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#wasSilent = true
      this.#controller.abort()
    }, this.#silenceMs)
  }

  /** From now on it is not: it answered, or nobody reads. */
  pause(): void {
    clearTimeout(this.#timer)
  }

  /** The request is over; its connection is closed if the answer was not read to its end. */
  end(isRead = false): void {
    this.pause()
    this.#caller?.removeEventListener('abort', this.#onAbort)
    if (!isRead) this.#controller.abort()
  }

  /** What a failure of the request means. */
  failure(error: unknown): PouchError {
    if (this.#caller?.aborted === true) return abortError(this.#caller, { op: 'image.pull', subject: this.#url.host })
    const code = codeOf(error)
    if (code !== undefined && certificateFaults.has(code)) return this.#untrusted(error, code)
    const why = this.#wasSilent
      ? `it was silent for ${this.#silenceMs} ms`
      : error instanceof Error
        ? error.message
        : String(error)
    return new PouchError('unavailable', `${this.#url.host} cannot be reached: ${why}`, {
      op: 'image.pull',
      subject: this.#url.host,
      details: { transient: true },
      cause: error,
    })
  }

  #untrusted(error: unknown, code: string): PouchError {
    return new PouchError(
      'unavailable',
      `the certificate of ${this.#url.host} is not trusted (${code}): give the certificate of its authority, or list the registry as insecure`,
      { op: 'image.pull', subject: this.#url.host, details: { transient: false }, cause: error },
    )
  }
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}
