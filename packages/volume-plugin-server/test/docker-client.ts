import { connect } from 'node:net'

/** What a plugin answered. */
export interface PluginAnswer {
  readonly status: number
  readonly contentType: string
  /** As it came. */
  readonly text: string
  /** The body as JSON. */
  readonly body: Record<string, unknown>
}

/** Sends requests byte for byte as Docker's daemon 20.10 does: an empty Host, no Content-Type, a body that ends with a newline. */
export class DockerClient {
  readonly #socket: string

  constructor(socket: string) {
    this.#socket = socket
  }

  /** A call of a method. @throws Error when the connection ends without an answer */
  async call(method: string, given?: unknown): Promise<PluginAnswer> {
    const body = given === undefined ? '' : `${JSON.stringify(given)}\n`
    return await this.raw(`POST /${method}`, body)
  }

  /** `line` is the method and the path. */
  async raw(line: string, body: string, headers = 'Host: \r\n'): Promise<PluginAnswer> {
    const text =
      `${line} HTTP/1.1\r\n${headers}User-Agent: Go-http-client/1.1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Accept: application/vnd.docker.plugins.v1.2+json\r\nConnection: close\r\n\r\n${body}`
    return answerOf(await this.exchange(text))
  }

  /** Sends bytes, and gives all that comes until the end of the connection. */
  exchange(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#socket)
      const parts: Buffer[] = []
      socket.on('connect', () => socket.write(bytes))
      socket.on('data', (part: Buffer) => parts.push(part))
      socket.on('error', reject)
      socket.on('close', () => resolve(Buffer.concat(parts).toString()))
    })
  }
}

function answerOf(text: string): PluginAnswer {
  const at = text.indexOf('\r\n\r\n')
  if (at === -1) throw new Error('the connection ended without an answer')
  const head = text.slice(0, at)
  const body = text.slice(at + 4)
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    contentType: /^content-type: (.*)$/im.exec(head)?.[1] ?? '',
    text: body,
    body: JSON.parse(body) as Record<string, unknown>,
  }
}
