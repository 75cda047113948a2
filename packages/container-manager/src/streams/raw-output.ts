import { type FSWatcher, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { StreamName } from '../logs/log-codec.js'
import type { Logger } from '../sources.js'
import { Pulse } from '../sync/pulse.js'
import { OutputReader } from './output-reader.js'
import { RawFile } from './raw-file.js'

/** How a {@link RawOutput} is opened. */
export interface RawOutputOptions {
  readonly id: string
  /** The directory with the raw files `stdout` and `stderr`. */
  readonly directory: string
  /** A terminal has one stream. */
  readonly streams: readonly StreamName[]
  /** Bytes that a reader may lag behind the log before it is cut off. */
  readonly readerBacklogBytes: number
  readonly log: Logger
}

/**
 * The output of one run of a container: the raw files, those who read them, and the notice (inotify) that there is more.
 *
 * Nobody reads through anybody else: the log and each attached reader keep a place of their own, and what all of them have
 * behind them is punched out. A reader holds the hole back by at most `readerBacklogBytes`.
 */
export class RawOutput {
  readonly id: string
  readonly streams: readonly StreamName[]
  readonly pulse = new Pulse()
  readonly #directory: string
  readonly #files: ReadonlyMap<StreamName, RawFile>
  readonly #readers = new Set<OutputReader>()
  readonly #readerBacklogBytes: number
  readonly #log: Logger
  readonly #watcher: FSWatcher
  #isComplete = false
  #isDone = false
  #punching = true

  constructor(options: RawOutputOptions) {
    this.id = options.id
    this.streams = options.streams
    this.#directory = options.directory
    this.#readerBacklogBytes = options.readerBacklogBytes
    this.#log = options.log
    this.#files = new Map(options.streams.map((stream) => [stream, new RawFile(join(options.directory, stream))]))
    this.#watcher = watch(options.directory, { persistent: false }, () => this.pulse.beat())
    this.#watcher.on('error', (error) => this.#log.error({ err: error, container: this.id }, 'cannot watch the output'))
  }

  /** Whether the process has ended and the files have all that it wrote. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  size(stream: StreamName): number {
    return this.#files.get(stream)?.size() ?? 0
  }

  read(stream: StreamName, buffer: Buffer, position: number): Promise<number> {
    return this.#files.get(stream)?.read(buffer, position) ?? Promise.resolve(0)
  }

  /** A reader from the given places on, or from the present end. */
  reader(streams: readonly StreamName[], positions?: ReadonlyMap<StreamName, number>): OutputReader {
    const wanted = streams.filter((stream) => this.streams.includes(stream))
    const reader = new OutputReader(
      this,
      wanted,
      positions ?? new Map(wanted.map((stream) => [stream, this.size(stream)])),
    )
    this.#readers.add(reader)
    return reader
  }

  forget(reader: OutputReader): void {
    this.#readers.delete(reader)
    if (this.#isDone && this.#readers.size === 0) this.#closeFiles()
  }

  /** Gives back what the log and every reader have behind them, and cuts off readers that hold back too much. */
  async release(stream: StreamName, logged: number): Promise<void> {
    const places: number[] = []
    for (const reader of this.#readers) {
      const position = reader.position(stream)
      if (position === undefined) continue
      if (logged - position <= this.#readerBacklogBytes) places.push(position)
      else reader.overrun()
    }
    if (!this.#punching) return
    try {
      await this.#files.get(stream)?.release(Math.min(logged, ...places))
    } catch (error) {
      this.#punching = false
      this.#log.warn(
        { err: error, container: this.id },
        'the file system cannot give back logged output before the container ends',
      )
    }
  }

  /** The process has ended: what the files hold is all. */
  complete(): void {
    this.#isComplete = true
    this.pulse.beat()
  }

  /** The log has everything: once the last reader has gone the files are deleted. */
  finish(): void {
    this.#isDone = true
    this.#watcher.close()
    for (const stream of this.streams) rmSync(join(this.#directory, stream), { force: true })
    if (this.#readers.size === 0) this.#closeFiles()
  }

  /** Lets go of the files and leaves them where they are; readers end. */
  close(): void {
    this.#watcher.close()
    for (const reader of [...this.#readers]) reader.close()
    this.#closeFiles()
  }

  #closeFiles(): void {
    for (const file of this.#files.values()) file.close()
  }
}
