import { type IncomingHttpHeaders, request } from 'node:http'

/** A reply, read to its end. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  readonly json: unknown
}

/** What to send. */
export interface Sending {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A string goes as it is, anything else as JSON with its content type. */
  readonly body?: unknown
}

/** Sends a request over a unix socket, on a connection of its own. */
export function send(
  socketPath: string,
  path: string,
  { method = 'GET', headers = {}, body }: Sending = {},
): Promise<Reply> {
  const isJson = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)
  const payload = isJson ? JSON.stringify(body) : (body as string | Buffer | undefined)
  const all = { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers }
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method, headers: all, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.length > 4 * 1024 * 1024 ? '' : bytes.toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text, json: parsed(text) })
      })
    })
    sent.on('error', reject)
    sent.end(payload)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not every reply is JSON; the test that wants some sees undefined.
    return undefined
  }
}
