import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  connectivityState,
  credentials,
  type Metadata,
  type MethodDefinition,
} from '@grpc/grpc-js'
import { abortError, PouchError } from '@pouch/errors'
import type { Call } from './call.js'
import { type CallName, fromGrpcError } from './grpc-error.js'

/** Whether a call without a deadline of its own gets the client's. Calls that wait or stream do not. */
export type DefaultDeadline = 'client' | 'none'

const mebibyte = 1024 * 1024

const longestBackoffMs = 200
// gRPC stretches each pause by up to a fifth.
const oneAttemptMs = longestBackoffMs * 1.2 + 10

// Lists of images and specs pass gRPC's default of 4 MiB. Reconnecting is quick: the socket is local.
const channelOptions = {
  'grpc.max_receive_message_length': 64 * mebibyte,
  'grpc.max_send_message_length': 16 * mebibyte,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': longestBackoffMs,
  'grpc.use_local_subchannel_pool': 1,
}

/** One gRPC channel to containerd: deadlines, signals and errors in one place for every service. */
export class Connection {
  readonly address: string
  readonly #client: Client
  readonly #timeoutMs: number
  #isClosed = false

  constructor(address: string, timeoutMs: number) {
    this.address = address
    this.#timeoutMs = timeoutMs
    this.#client = new Client(`unix:${address}`, credentials.createInsecure(), channelOptions)
  }

  async unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    metadata: Metadata,
    name: CallName,
    call: Call = {},
    deadline: DefaultDeadline = 'client',
  ): Promise<Response> {
    if (this.#isAway()) await this.attempt()
    return new Promise((resolve, reject) => {
      this.#assertOpen(name, call.signal)
      const signal = call.signal
      const sent = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(metadata, call),
        this.#callOptions(call, deadline),
        (error, response) => {
          signal?.removeEventListener('abort', cancel)
          if (error !== null) reject(this.error(error, name, signal))
          else resolve(response as Response)
        },
      )
      const cancel = () => sent.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  /** The messages of a server stream. Leaving the loop cancels the call. */
  async *serverStream<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    metadata: Metadata,
    name: CallName,
    call: Call = {},
  ): AsyncGenerator<Response, void, undefined> {
    if (this.#isAway()) await this.attempt()
    this.#assertOpen(name, call.signal)
    const stream: ClientReadableStream<Response> = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(metadata, call),
      this.#callOptions(call, 'none'),
    )
    const release = cancelOn(call.signal, stream)
    try {
      for await (const message of stream) yield message as Response
    } catch (error) {
      throw this.error(error, name, call.signal)
    } finally {
      release()
    }
  }

  /** A stream in both directions. The caller reads it, and calls `release` when done. */
  duplex<Request, Response>(
    method: MethodDefinition<Request, Response>,
    metadata: Metadata,
    name: CallName,
    call: Call = {},
  ): { stream: ClientDuplexStream<Request, Response>; release: () => void } {
    this.#assertOpen(name, call.signal)
    const stream = this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadataOf(metadata, call),
      this.#callOptions(call, 'none'),
    )
    return { stream, release: cancelOn(call.signal, stream) }
  }

  /**
   * Between two attempts to connect gRPC fails every call. This waits for the next attempt, so that a call fails only
   * when containerd is away now, not when it was a moment ago.
   */
  attempt(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#isAway()) return resolve()
      const until = Date.now() + oneAttemptMs
      this.#client.getChannel().watchConnectivityState(connectivityState.TRANSIENT_FAILURE, until, () => resolve())
    })
  }

  /** What a failed call rejects with: the signal's reason when it was the signal, else containerd's. */
  error(thrown: unknown, name: CallName, signal: AbortSignal | undefined): PouchError {
    if (signal?.aborted) return abortError(signal, { op: `containerd.${name.op}`, subject: name.subject })
    return fromGrpcError(thrown, name, this.address)
  }

  close(): void {
    this.#isClosed = true
    this.#client.close()
  }

  #isAway(): boolean {
    if (this.#isClosed) return false
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE
  }

  #assertOpen(name: CallName, signal: AbortSignal | undefined): void {
    const context = { op: `containerd.${name.op}`, subject: name.subject }
    if (signal?.aborted) throw abortError(signal, context)
    if (!this.#isClosed) return
    throw new PouchError('unavailable', `could not ${name.doing}: this containerd client is closed`, context)
  }

  #callOptions(call: Call, deadline: DefaultDeadline): CallOptions {
    const timeoutMs = call.timeoutMs ?? (deadline === 'client' ? this.#timeoutMs : 0)
    return timeoutMs === 0 ? {} : { deadline: Date.now() + assertTimeout(timeoutMs) }
  }
}

/**
 * A deadline that gRPC can use.
 *
 * @throws PouchError `invalid-argument`
 */
export function assertTimeout(timeoutMs: number): number {
  if (Number.isFinite(timeoutMs) && timeoutMs >= 0) return timeoutMs
  throw new PouchError('invalid-argument', `timeoutMs must be at least 0, not ${timeoutMs}; 0 means no deadline`, {
    op: 'containerd.call',
    subject: 'timeoutMs',
  })
}

function metadataOf(base: Metadata, call: Call): Metadata {
  if (call.lease === undefined) return base
  const metadata = base.clone()
  metadata.set('containerd-lease', call.lease)
  return metadata
}

interface Cancellable {
  cancel(): void
  on(event: 'error', listener: (error: unknown) => void): unknown
}

function cancelOn(signal: AbortSignal | undefined, stream: Cancellable): () => void {
  const cancel = () => stream.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  return () => {
    signal?.removeEventListener('abort', cancel)
    // Cancelling a stream that nobody reads any more still makes it report the cancellation.
    stream.on('error', () => undefined)
    stream.cancel()
  }
}
