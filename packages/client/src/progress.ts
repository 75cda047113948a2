import { errorOfProgress, type ProgressMessage } from '@pouch/api'

/**
 * Passes progress messages on until one reports a failure, which is thrown: after a stream has begun, its HTTP status can
 * no longer tell.
 */
export async function* raiseProgressErrors(
  messages: AsyncIterable<ProgressMessage>,
  op: string,
): AsyncGenerator<ProgressMessage> {
  for await (const message of messages) {
    const error = errorOfProgress(message, op)
    if (error !== undefined) throw error
    yield message
  }
}
