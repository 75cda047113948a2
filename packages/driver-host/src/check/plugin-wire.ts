import { request } from 'node:http'
import { PouchError } from '@pouch/errors'

/** What a plugin answered, as it came. */
export interface WireAnswer {
  readonly status: number
  readonly text: string
  /** The body, when it is a JSON object. */
  readonly json: Readonly<Record<string, unknown>> | undefined
  /** What the plugin says went wrong: `Err`, or the text of an answer that is not 200. Empty when all is well. */
  readonly error: string
}

const mostBytes = 8 << 20

/** A volume plugin's socket, spoken to byte for byte as dockerd does. */
export class PluginWire {
  readonly #socketPath: string
  readonly #timeoutMs: number

  constructor(socketPath: string, timeoutMs: number) {
    this.#socketPath = socketPath
    this.#timeoutMs = timeoutMs
  }

  /** Calls a method of `VolumeDriver`; the path may also be given whole. */
  async call(method: string, body?: object): Promise<WireAnswer> {
    const path = method.startsWith('/') ? method : `/VolumeDriver.${method}`
    return await this.send(path, body === undefined ? '' : `${JSON.stringify(body)}\n`)
  }

  /** @throws PouchError `unavailable` when no answer came, `timeout` when it took too long */
  async send(path: string, body: string): Promise<WireAnswer> {
    try {
      const { status, text } = await this.#exchange(path, body)
      return { status, text, ...meaningOf(status, text) }
    } catch (cause) {
      const error = PouchError.from(cause)
      const code = error.code === 'timeout' ? 'timeout' : 'unavailable'
      const why =
        code === 'timeout' ? `did not answer within ${this.#timeoutMs} ms` : `gave no answer: ${error.message}`
      throw new PouchError(code, `the plugin ${why} (POST ${path})`, { op: 'check', subject: path, cause })
    }
  }

  #exchange(path: string, body: string): Promise<{ status: number; text: string }> {
    // dockerd sends an empty Host, and no Content-Type.
    const headers = {
      Host: '',
      'User-Agent': 'Go-http-client/1.1',
      'Content-Length': Buffer.byteLength(body),
      Accept: 'application/vnd.docker.plugins.v1.2+json',
    }
    const { signal, end } = deadline(this.#timeoutMs)
    return new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asked = request({ socketPath: this.#socketPath, method: 'POST', path, headers, signal }, (answer) => {
        const chunks: Buffer[] = []
        let bytes = 0
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          chunks.push(chunk)
          if (bytes > mostBytes) answer.destroy(new Error(`more than ${mostBytes} bytes`))
        })
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        )
      })
      asked.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error))
      asked.end(body)
    }).finally(end)
  }
}

function deadline(timeoutMs: number): { readonly signal: AbortSignal; end(): void } {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new PouchError('timeout', 'too late')), timeoutMs)
  return { signal: limit.signal, end: () => clearTimeout(timer) }
}

function meaningOf(status: number, text: string): Pick<WireAnswer, 'json' | 'error'> {
  const json = objectOf(text)
  const told = json?.Err
  if (typeof told === 'string' && told !== '') return { json, error: told }
  return { json, error: status === 200 ? '' : text.trim() || `status ${status}` }
}

function objectOf(text: string): WireAnswer['json'] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as WireAnswer['json'])
      : undefined
  } catch {
    // Not every answer has to be JSON; whoever needs it says so.
    return undefined
  }
}
