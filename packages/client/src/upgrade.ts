import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { PouchError } from '@pouch/errors'
import type { Connection } from './connection.js'
import { type RequestContext, replyError, transportError } from './failures.js'

/** A connection that has become a stream. */
export interface Upgraded {
  readonly socket: Socket
  readonly type: string
  readonly context: RequestContext
}

const maxErrorBytes = 256 * 1024

/**
 * Sends a request whose connection becomes a stream that goes both ways.
 *
 * @throws PouchError what the daemon answered instead, or `unsupported` when something between does not pass upgrades on
 */
export function openUpgrade(
  connection: Connection,
  path: string,
  body: unknown,
  context: RequestContext,
): Promise<Upgraded> {
  const { secure, headers, ...options } = connection.upgradeOptions()
  const text = body === undefined ? '' : JSON.stringify(body)
  const type = body === undefined ? 'text/plain' : 'application/json'
  const send = secure ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request: ClientRequest = send({
      ...options,
      method: 'POST',
      path,
      headers: {
        ...headers,
        'user-agent': 'pouch-client',
        connection: 'Upgrade',
        upgrade: 'tcp',
        'content-type': type,
        'content-length': Buffer.byteLength(text),
      },
    })
    const abort = () => request.destroy()
    context.signal?.addEventListener('abort', abort, { once: true })
    const settle = () => context.signal?.removeEventListener('abort', abort)
    request.once('error', (error) => {
      settle()
      reject(transportError(error, context))
    })
    request.once('response', (response) => {
      void refusal(response, context).then((error) => {
        settle()
        request.destroy()
        reject(error)
      })
    })
    request.once('upgrade', (response, socket: Socket, head) => {
      settle()
      if (head.byteLength > 0) socket.unshift(head)
      socket.setNoDelay(true)
      resolve({ socket, type: response.headers['content-type'] ?? '', context })
    })
    request.end(text)
  })
}

async function refusal(response: IncomingMessage, context: RequestContext): Promise<PouchError> {
  const status = response.statusCode ?? 500
  if (status < 400) {
    const message = `the daemon at ${context.address.host} answered ${status} where the connection should become a stream: does a proxy between drop the Upgrade header?`
    return new PouchError('unsupported', message, { op: context.op })
  }
  const parts: Buffer[] = []
  let length = 0
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part)
      length += part.byteLength
      if (length > maxErrorBytes) break
    }
  } catch (error) {
    return transportError(error, context)
  }
  return replyError(status, Buffer.concat(parts).toString(), context.op)
}
