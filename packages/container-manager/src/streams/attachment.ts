import type { Writable } from 'node:stream'
import type { AttachedStreams, AttachOptions, LogEntry, OutputChunk } from '../container.js'
import type { StreamName } from '../logs/log-codec.js'
import { DetachFilter, parseDetachKeys } from './detach-keys.js'
import type { OutputReader } from './output-reader.js'
import type { RunStreams } from './run-streams.js'
import { stdinStream } from './stdin-pipe.js'

const defaultDetachKeys = 'ctrl-p,ctrl-q'

/** What an {@link Attachment} is connected to. */
export interface AttachmentSource {
  readonly tty: boolean
  readonly openStdin: boolean
  /** Whether the end of the client's input ends the process's. */
  readonly stdinOnce: boolean
  /** The present run; without one, `next` is waited for. */
  readonly run: RunStreams | undefined
  readonly next: Promise<RunStreams | undefined>
  /** What was logged until now. */
  readonly logs: () => AsyncIterable<LogEntry>
}

/** A client attached to a container: a reader of its own over the raw output, and a stream into its stdin. */
export class Attachment implements AttachedStreams {
  readonly tty: boolean
  readonly output: AsyncIterable<OutputChunk>
  readonly stdin?: Writable
  readonly #source: AttachmentSource
  readonly #options: AttachOptions
  readonly #streams: readonly StreamName[]
  readonly #closing: Promise<undefined>
  readonly #onDetach: () => void
  /** Registered as soon as there is a run, whoever reads or not: nothing that it has still to give is let go. */
  readonly #reader: Promise<OutputReader | undefined>
  #close: () => void = () => {}
  #isClosed = false
  #detached = false

  /** @throws PouchError `invalid-argument` for bad detach keys */
  constructor(source: AttachmentSource, options: AttachOptions, onDetach: () => void) {
    this.tty = source.tty
    this.#source = source
    this.#options = options
    this.#onDetach = onDetach
    this.#streams = wantedStreams(source.tty, options)
    this.#closing = new Promise((resolve) => {
      this.#close = () => resolve(undefined)
    })
    const replay = options.logs === true ? source.logs() : undefined
    this.#reader = this.#register(replay !== undefined)
    this.output = this.#chunks(replay)
    if (options.stdin === true && options.stream === true && source.openStdin) this.stdin = this.#input()
    options.signal?.addEventListener('abort', () => this.close(), { once: true })
  }

  get detached(): boolean {
    return this.#detached
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#close()
    void this.#reader.then((reader) => reader?.close())
    this.stdin?.destroy()
  }

  /** In a present run it goes on where the log ends, or at the present end; a run that starts later is read from its first byte. */
  #register(afterLog: boolean): Promise<OutputReader | undefined> {
    const { run, next } = this.#source
    if (this.#options.stream !== true) return Promise.resolve(undefined)
    if (run !== undefined) return Promise.resolve(run.output.reader(this.#streams, afterLog ? run.logged : undefined))
    return Promise.race([next, this.#closing]).then((started) =>
      this.#isClosed ? undefined : started?.output.reader(this.#streams, new Map()),
    )
  }

  async *#chunks(replay: AsyncIterable<LogEntry> | undefined): AsyncGenerator<OutputChunk, void, undefined> {
    try {
      if (replay !== undefined) {
        for await (const { stream, line } of replay) {
          if (this.#isClosed) return
          if (this.#streams.includes(stream)) yield { stream, data: line }
        }
      }
      const reader = await this.#reader
      if (reader !== undefined && !this.#isClosed) yield* reader.chunks()
    } finally {
      this.close()
    }
  }

  #input(): Writable {
    const { run, next, tty, stdinOnce } = this.#source
    const filter = tty ? new DetachFilter(parseDetachKeys(this.#options.detachKeys || defaultDetachKeys)) : undefined
    const input = stdinStream({
      pipe:
        run === undefined
          ? Promise.race([next, this.#closing]).then((started) => started?.stdin)
          : Promise.resolve(run.stdin),
      endsProcessInput: stdinOnce && !tty,
      ...(filter === undefined ? {} : { filter: (bytes: Buffer) => filter.filter(bytes) ?? this.#detach() }),
    })
    // What fails is told to whoever writes; without a listener it would end the program.
    input.on('error', () => undefined)
    return input
  }

  #detach(): undefined {
    this.#detached = true
    this.#onDetach()
    setImmediate(() => this.close())
    return undefined
  }
}

function wantedStreams(tty: boolean, { stdout, stderr }: AttachOptions): StreamName[] {
  if (tty) return stdout === true || stderr === true ? ['stdout'] : []
  return [...(stdout === true ? (['stdout'] as const) : []), ...(stderr === true ? (['stderr'] as const) : [])]
}
