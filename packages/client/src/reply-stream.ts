import { Readable } from 'node:stream'

/**
 * The bytes of a reply as a Readable, which is an async iterable too. It fails as the iterator does, and nothing is read ahead of its reader
 * but what the stream itself holds.
 *
 * @param stop ends the request, whatever it waits for; called when the stream is destroyed or over
 */
export function replyStream(chunks: AsyncGenerator<Uint8Array>, stop: () => void): Readable {
  return new Readable({
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      )
    },
    // At once: a read that is under way would otherwise be waited for.
    destroy(error, callback) {
      stop()
      callback(error)
    },
  })
}
