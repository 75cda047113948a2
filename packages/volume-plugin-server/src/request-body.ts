import type { IncomingMessage } from 'node:http'
import { PouchError } from '@pouch/errors'
import { largestBodyBytes } from './wire.js'

/**
 * Reads the body of a request, up to a bound.
 *
 * @throws PouchError `exhausted` when it is larger, `aborted` when the client goes midway
 */
export async function requestBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      sizeBytes += part.length
      if (sizeBytes > largestBodyBytes) throw tooLarge()
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof PouchError) throw error
    throw new PouchError('aborted', 'the client ended its request midway', { op: 'plugin.request', cause: error })
  }
  return Buffer.concat(parts).toString('utf8')
}

function tooLarge(): PouchError {
  return new PouchError('exhausted', `a request has at most ${largestBodyBytes} bytes`, { op: 'plugin.request' })
}
