import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long a client may go on sending after it was told that nobody reads it. */
const patienceMs = 30_000

/** Whether the client is still sending the body of its request. */
export function isStillSending({ complete, headers, destroyed }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return hasBody && !complete && !destroyed
}

/**
 * Replies to a request whose body is still coming. The reply is whole by its length, and the connection stays until the client has stopped:
 * closed under its hands it would find a broken pipe, and never the reply. What still comes is read and dropped.
 */
export function replyEarly(request: IncomingMessage, response: ServerResponse, type: string, body: Uint8Array): void {
  response.setHeader('content-type', type)
  response.setHeader('content-length', body.byteLength)
  response.setHeader('connection', 'close')
  const end = () => {
    clearTimeout(deadline)
    if (!response.writableEnded) response.end()
  }
  const deadline = setTimeout(end, patienceMs)
  // The end of a client that goes away is the end of it.
  request.once('error', end)
  request.once('end', end)
  request.once('close', end)
  response.write(body)
  request.resume()
}
