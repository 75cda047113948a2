import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../sources.js'
import type { RawOutput } from '../streams/raw-output.js'
import type { JsonLog } from './json-log.js'
import { encodeEntries, loggableBytes, type StreamName } from './log-codec.js'
import type { LogPosition, LogPositionFile } from './log-position.js'

const stepBytes = 512 * 1024
const retryMs = 1000

/** What a {@link LogWriter} works with. */
export interface LogWriterOptions {
  readonly output: RawOutput
  readonly log: JsonLog
  readonly positions: LogPositionFile
  readonly clock: () => number
  readonly logger: Logger
  /** Told how many bytes wait, after each step. */
  readonly onBacklog: (bytes: number) => void
}

/**
 * Follows the raw output of a container and writes its json-file, so that after a kill at any moment every byte is in it
 * exactly once and in order:
 *
 * 1. a batch of whole lines is appended to the json-file;
 * 2. the pair (place in the raw files, length of the json-file) is written to the position file;
 * 3. the raw bytes before the *previous* place are punched out;
 * 4. a full json-file is rotated, and the pair is written again for the new file.
 *
 * Killed between 1 and 2, the json-file is longer than the position says: opening it cuts that off and the batch is written again
 * from the raw bytes, which are still there because of 3. Killed within 4, the position names the file that is now `.1`, and
 * the new file is empty. No step is synced to the disk: the page cache survives the death of a process, and when the machine
 * itself goes down its containers do too; the last moments of their logs may then be missing or doubled.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  readonly #offsets: Map<StreamName, number>
  readonly #closing = new AbortController()
  #safe: LogPosition
  #done: Promise<void> | undefined

  constructor(options: LogWriterOptions) {
    this.#options = options
    const { positions, log } = options
    if (positions.position !== undefined) log.rewind(positions.position)
    const { stdoutBytes = 0, stderrBytes = 0 } = positions.position ?? {}
    this.#offsets = new Map([
      ['stdout', stdoutBytes],
      ['stderr', stderrBytes],
    ])
    this.#safe = this.#here()
    positions.write(this.#safe)
  }

  /** Where a reader that has the whole log so far goes on in the raw files. */
  get offsets(): ReadonlyMap<StreamName, number> {
    return new Map(this.#offsets)
  }

  /** Resolves when the output is complete and all in the log, or after {@link LogWriter.close}. */
  get done(): Promise<void> {
    this.#done ??= this.#run()
    return this.#done
  }

  /** Stops after the step under way. What is not in the log yet is taken up by the next writer. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.done
  }

  async #run(): Promise<void> {
    const { output } = this.#options
    const { signal } = this.#closing
    const buffer = new StepBuffer()
    while (!signal.aborted) {
      const seen = output.pulse.count
      const isComplete = output.isComplete
      if (await this.#stepSafely(buffer, isComplete)) continue
      if (isComplete && this.#backlog() === 0) return
      buffer.drop()
      await output.pulse.after(seen, signal)
    }
  }

  async #stepSafely(buffer: StepBuffer, isComplete: boolean): Promise<boolean> {
    try {
      return await this.#step(buffer, isComplete)
    } catch (error) {
      this.#options.logger.error(
        { err: error, container: this.#options.output.id },
        'cannot write the log; trying again',
      )
      // It ends early when the writer closes, and cannot fail otherwise.
      await delay(retryMs, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      return true
    }
  }

  /** @returns whether anything was logged */
  async #step(buffer: StepBuffer, isComplete: boolean): Promise<boolean> {
    const { output, onBacklog } = this.#options
    let moved = false
    for (const stream of output.streams) moved = (await this.#logStream(stream, buffer, isComplete)) || moved
    if (!moved) return false
    const before = this.#safe
    this.#checkpoint()
    for (const stream of output.streams) await output.release(stream, offsetIn(before, stream))
    if (this.#options.log.rotate()) this.#checkpoint()
    onBacklog(this.#backlog())
    return true
  }

  async #logStream(stream: StreamName, buffer: StepBuffer, isComplete: boolean): Promise<boolean> {
    const { output, log, clock } = this.#options
    const offset = this.#offset(stream)
    const waiting = output.size(stream) - offset
    if (waiting <= 0) return false
    const bytes = buffer.of(Math.min(waiting, stepBytes))
    const length = await output.read(stream, bytes, offset)
    const loggable = loggableBytes(bytes.subarray(0, length), isComplete && length === waiting)
    if (loggable === 0) return false
    await log.append(encodeEntries(bytes.subarray(0, loggable), stream, new Date(clock()).toISOString()))
    this.#offsets.set(stream, offset + loggable)
    return true
  }

  #checkpoint(): void {
    this.#safe = this.#here()
    this.#options.positions.write(this.#safe)
  }

  #here(): LogPosition {
    const { log } = this.#options
    return {
      inode: log.inode,
      lengthBytes: log.end.lengthBytes,
      stdoutBytes: this.#offset('stdout'),
      stderrBytes: this.#offset('stderr'),
    }
  }

  #offset(stream: StreamName): number {
    return this.#offsets.get(stream) ?? 0
  }

  #backlog(): number {
    const { output } = this.#options
    return output.streams.reduce((sum, stream) => sum + Math.max(0, output.size(stream) - this.#offset(stream)), 0)
  }
}

function offsetIn(position: LogPosition, stream: StreamName): number {
  return stream === 'stdout' ? position.stdoutBytes : position.stderrBytes
}

/** The buffer of a step: made when there is something to read, dropped when there is nothing. */
class StepBuffer {
  #bytes: Buffer | undefined

  of(length: number): Buffer {
    if (this.#bytes === undefined || this.#bytes.length < length)
      this.#bytes = Buffer.allocUnsafeSlow(Math.min(Math.max(length, 16 * 1024), stepBytes))
    return this.#bytes.subarray(0, length)
  }

  drop(): void {
    this.#bytes = undefined
  }
}
