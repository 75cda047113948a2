import { request } from 'node:http'

/** Calls a method of a plugin. @returns what it answered, also a failure */
export function pluginRequest(socket: string, method: string, body: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socket, method: 'POST', path: `/${method}`, agent: false })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      incoming.once('end', () => resolve(JSON.parse(text)))
    })
    outgoing.end(JSON.stringify(body))
  })
}
