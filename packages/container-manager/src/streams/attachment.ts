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
  #reader: OutputReader | undefined
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
    if (options.stream === true && source.run !== undefined)
      this.#reader = this.#readerOf(source.run, replay !== undefined)
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
    this.#reader?.close()
    this.stdin?.destroy()
  }

  /** With the log in front, it goes on where the log ends; without, at the present end. */
  #readerOf(run: RunStreams, afterLog: boolean): OutputReader {
    return run.output.reader(this.#streams, afterLog ? run.logged : undefined)
  }

  async *#chunks(replay: AsyncIterable<LogEntry> | undefined): AsyncGenerator<OutputChunk, void, undefined> {
    try {
      if (replay !== undefined) {
        for await (const { stream, line } of replay) {
          if (this.#isClosed) return
          if (this.#streams.includes(stream)) yield { stream, data: line }
        }
      }
      if (this.#options.stream !== true) return
      const reader = this.#reader ?? (await this.#nextReader())
      if (reader !== undefined && !this.#isClosed) yield* reader.chunks()
    } finally {
      this.close()
    }
  }

  /** A run that starts now is read from its first byte. */
  async #nextReader(): Promise<OutputReader | undefined> {
    const run = await Promise.race([this.#source.next, this.#closing])
    if (run === undefined || this.#isClosed) return undefined
    this.#reader = run.output.reader(this.#streams, new Map())
    return this.#reader
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
