import type { ClientDuplexStream } from '@grpc/grpc-js'
import { PouchError } from '@pouch/errors'
import type { Call } from './call.js'
import { type WriteContentRequest, type WriteContentResponse, ContentService as wire } from './gen/content.js'
import type { CallName } from './grpc-error.js'
import type { ServiceContext } from './service-context.js'

interface Waiting {
  resolve(response: WriteContentResponse): void
  reject(error: PouchError): void
}

/** The content store's write stream as requests and answers: containerd answers each request once, in order. */
export class IngestStream {
  readonly #stream: ClientDuplexStream<WriteContentRequest, WriteContentResponse>
  readonly #release: () => void
  readonly #waiting: Waiting[] = []
  #failure: PouchError | undefined
  #onFailure: ((error: PouchError) => void) | undefined

  constructor(context: ServiceContext, name: CallName, call: Call | undefined) {
    const { stream, release } = context.connection.duplex(wire.write, context.metadata, name, call)
    this.#stream = stream
    this.#release = release
    const { op, subject } = { op: `containerd.${name.op}`, subject: name.subject }
    stream.on('data', (response: WriteContentResponse) => this.#waiting.shift()?.resolve(response))
    stream.on('error', (error) => this.#fail(context.connection.error(error, name, call?.signal)))
    stream.on('end', () =>
      this.#fail(new PouchError('unavailable', `containerd ended the write of ${subject}`, { op, subject })),
    )
  }

  /** Sends one request; resolves with its answer. */
  send(request: WriteContentRequest): Promise<WriteContentResponse> {
    const answer = new Promise<WriteContentResponse>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      this.#waiting.push({ resolve, reject })
      this.#stream.write(request)
    })
    // Several answers may be awaited one after the other: the first one's failure is the one that is reported.
    answer.catch(() => undefined)
    return answer
  }

  /** The promise's outcome, or the stream's failure when that comes first. */
  orFailure<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      this.#onFailure = reject
      promise.then(resolve, reject)
    })
  }

  close(): void {
    this.#release()
  }

  #fail(error: PouchError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    this.#onFailure?.(error)
  }
}
