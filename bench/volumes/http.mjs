// A small warm client: JSON over a unix socket, on as many kept connections as one asks for.
import { Agent, request } from 'node:http'

export class SocketClient {
  #socket
  #agent

  constructor(socket, connections = 1) {
    this.#socket = socket
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** One exchange with Docker's API. @returns the text of the answer @throws on a status of 400 or more, unless it is in `takes` */
  send(method, path, body, takes = []) {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const headers =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }
    const options = { socketPath: this.#socket, method, path: `/v1.41${path}`, headers, agent: this.#agent }
    return new Promise((resolve, reject) => {
      const sent = request(options, (reply) => {
        const chunks = []
        reply.on('data', (chunk) => chunks.push(chunk))
        reply.on('error', reject)
        reply.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (reply.statusCode < 400 || takes.includes(reply.statusCode)) resolve(text)
          else reject(new Error(`${method} ${path}: ${reply.statusCode} ${text.slice(0, 200)}`))
        })
      })
      sent.on('error', reject)
      sent.end(payload)
    })
  }

  close() {
    this.#agent.destroy()
  }
}
